// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Action} from "../src/Action.sol";
import {ILicenseRegistry} from "../src/ILicenseRegistry.sol";
import {Rfc9162} from "../src/Rfc9162.sol";
import {Base} from "./Base.sol";
import {ReferenceTree} from "./ReferenceTree.sol";

/// @notice Anchoring, witnessing, taking back and adopting.
contract AnchorsTest is Base {
    bytes32 private constant STATE = keccak256("state");
    ILicenseRegistry.Anchor private NOBODY;

    bytes32[] private _entries;
    /// @dev Every anchor that was accepted, by its number, and the digest that it extends.
    mapping(uint64 seq => ILicenseRegistry.Anchor) private _anchors;
    mapping(uint64 seq => bytes32) private _previous;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 32; ++i) {
            _entries.push(ReferenceTree.leafHash(abi.encode(i)));
        }
    }

    // --------------------------------------------------------------------------------------------------- helpers

    function _root(uint64 size) private view returns (bytes32) {
        return ReferenceTree.root(_entries, 0, size);
    }

    function _proof(uint64 from, uint64 to) private view returns (bytes32[] memory) {
        return from == 0 ? new bytes32[](0) : ReferenceTree.consistency(_entries, from, to);
    }

    /// @dev Anchor the first `size` entries for CQ, and keep the anchor's preimage.
    function _anchorTo(uint64 size) private returns (uint64 seq) {
        (uint64 epoch,, uint64 from,,, bytes32 digest) = registry.head(CQ);
        (,,,,,, uint64 lastSeq,) = registry.member(CQ);
        (bytes32 root, bytes32[] memory proof) = (_root(size), _proof(from, size));
        seq = lastSeq + 1;
        vm.prank(_anchorer(CQ));
        registry.anchor(CQ, size, root, STATE, proof);
        _anchors[seq] = ILicenseRegistry.Anchor(CQ, epoch, seq, size, root, STATE);
        _previous[seq] = digest;
    }

    function _expectHead(uint64 epoch, uint64 seq, uint64 size, bytes32 digest) private view {
        (uint64 epoch_, uint64 seq_, uint64 size_, bytes32 logRoot, bytes32 stateRoot, bytes32 digest_) =
            registry.head(CQ);
        vm.assertEq(epoch_, epoch, "epoch");
        vm.assertEq(seq_, seq, "seq");
        vm.assertEq(size_, size, "size");
        vm.assertEq(logRoot, size == 0 ? EMPTY_ROOT : _root(size), "log root");
        vm.assertEq(stateRoot, size == 0 ? bytes32(0) : STATE, "state root");
        vm.assertEq(digest_, digest, "digest");
    }

    function _vote(uint64 fromSeq) private returns (uint256) {
        return _agree(BJ, Action.DISOWN, CQ, abi.encode(fromSeq));
    }

    /// @dev Take back everything from an anchor on; `parent` is the number of the one before, 0 for none.
    function _disown(uint64 fromSeq, uint64 parent) private {
        uint256 id = _vote(fromSeq);
        registry.executeDisown(id, _anchors[fromSeq], _previous[fromSeq], _anchors[parent], _previous[parent]);
    }

    function _stored(uint64 seq) private view returns (bytes32) {
        return registry.anchorDigest(CQ, seq);
    }

    // ------------------------------------------------------------------------------------------------- anchoring

    function test_EmptyLog() public view {
        _expectHead(0, 0, 0, _logId(CQ));
        vm.assertEq(_stored(0), 0, "no anchor 0");
        vm.assertEq(_stored(1), 0, "no anchor 1");
    }

    function test_AnchorsChainTheirDigests() public {
        bytes32 root = _root(3);
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.Anchored(CQ, 1, 0, 3, root, STATE);
        _anchorTo(3);
        bytes32 first = sha256(abi.encode(_logId(CQ), CQ, 0, 1, 3, root, STATE));
        vm.assertEq(_stored(1), first, "first");
        _expectHead(0, 1, 3, first);
        _anchorTo(8);
        bytes32 second = sha256(abi.encode(first, CQ, 0, 2, 8, _root(8), STATE));
        vm.assertEq(_stored(2), second, "second");
        _expectHead(0, 2, 8, second);
        (,,,,,, uint64 lastSeq,) = registry.member(CQ);
        vm.assertEq(lastSeq, 2, "last number");
    }

    /// @dev Not the admin, not another member's anchorer, nobody.
    function testFuzz_OnlyTheAnchorerAnchors(address caller) public {
        vm.assume(caller != _anchorer(CQ));
        address[3] memory callers = [caller, _admin(CQ), _anchorer(SC)];
        bytes32 root = _root(1);
        for (uint256 i = 0; i < 3; ++i) {
            _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotAnchorer.selector, CQ, callers[i]));
            vm.prank(callers[i]);
            registry.anchor(CQ, 1, root, STATE, new bytes32[](0));
        }
    }

    function test_ReplacedAnchorerIsOut() public {
        vm.prank(_admin(CQ));
        registry.setAnchorer(CQ, _stranger(1));
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotAnchorer.selector, CQ, _anchorer(CQ)));
        vm.prank(_anchorer(CQ));
        registry.anchor(CQ, 1, "root", STATE, new bytes32[](0));
        vm.prank(_stranger(1));
        registry.anchor(CQ, 1, "root", STATE, new bytes32[](0));
    }

    function test_SuspendedMemberDoesNotAnchor() public {
        _suspend(CQ);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryMemberSuspended.selector, CQ));
        vm.prank(_anchorer(CQ));
        registry.anchor(CQ, 1, "root", STATE, new bytes32[](0));
    }

    function _refusedAnchor(bytes memory why, uint64 size, bytes32 root, bytes32[] memory proof) private {
        _refused(why);
        vm.prank(_anchorer(CQ));
        registry.anchor(CQ, size, root, STATE, proof);
    }

    function test_FirstAnchorTakesNoProof() public {
        bytes memory why = abi.encodeWithSelector(ILicenseRegistry.RegistryUnexpectedProof.selector, 1);
        _refusedAnchor(why, 2, _root(2), new bytes32[](1));
        why = abi.encodeWithSelector(ILicenseRegistry.RegistryNotGrowing.selector, 0, 0);
        _refusedAnchor(why, 0, EMPTY_ROOT, new bytes32[](0));
    }

    function test_LogsOnlyGrow() public {
        _anchorTo(5);
        bytes4 selector = ILicenseRegistry.RegistryNotGrowing.selector;
        _refusedAnchor(abi.encodeWithSelector(selector, 5, 5), 5, _root(5), new bytes32[](0));
        _refusedAnchor(abi.encodeWithSelector(selector, 4, 5), 4, _root(4), new bytes32[](0));
        _refusedAnchor(abi.encodeWithSelector(selector, 0, 5), 0, EMPTY_ROOT, new bytes32[](0));
    }

    function test_GrowthIsProved() public {
        _anchorTo(5);
        bytes4 selector = Rfc9162.Rfc9162ProofLength.selector;
        _refusedAnchor(abi.encodeWithSelector(selector, 0), 9, _root(9), new bytes32[](0));
        (bytes32 root, bytes32[] memory proof) = (_root(9), _proof(3, 9)); // from another size than the head's
        vm.expectPartialRevert(Rfc9162.Rfc9162RootMismatch.selector);
        vm.prank(_anchorer(CQ));
        registry.anchor(CQ, 9, root, STATE, proof);
    }

    /// @dev A log with one early entry rewritten is consistent with itself, but not with what was anchored.
    function testFuzz_HistoryIsNotRewritten(uint8 a, uint8 b, uint8 c) public {
        uint64 from = uint64(a) % 30 + 1;
        uint64 to = from + 1 + uint64(b) % (31 - from);
        bytes32 honest = _root(from);
        _anchorTo(from);
        _entries[c % from] ^= bytes32(uint256(1));
        (bytes32 forged, bytes32 root, bytes32[] memory proof) = (_root(from), _root(to), _proof(from, to));
        bool powerOfTwo = from & (from - 1) == 0; // the proof leaves the old root out, so it is the new one that fails
        if (powerOfTwo) vm.expectPartialRevert(Rfc9162.Rfc9162RootMismatch.selector);
        else _refused(abi.encodeWithSelector(Rfc9162.Rfc9162RootMismatch.selector, forged, honest));
        vm.prank(_anchorer(CQ));
        registry.anchor(CQ, to, root, STATE, proof);
    }

    /// A log that holds only heartbeats and exchanges has an empty map, whose root is zero.
    function test_EntriesNeedNotMeanAState() public {
        bytes32 root = _root(1);
        vm.prank(_anchorer(CQ));
        registry.anchor(CQ, 1, root, 0, new bytes32[](0));
        (,, uint64 size,, bytes32 stateRoot,) = registry.head(CQ);
        vm.assertEq(size, 1, "size");
        vm.assertEq(stateRoot, bytes32(0), "state root");
    }

    function testFuzz_AnyHonestGrowthIsAccepted(uint8[4] memory steps) public {
        uint64 size = 0;
        for (uint256 i = 0; i < 4; ++i) {
            size += uint64(steps[i]) % 8 + 1;
            _expectHead(0, _anchorTo(size), size, _stored(uint64(i) + 1));
        }
    }

    function test_MembersHaveTheirOwnLogs() public {
        _anchorTo(5);
        vm.prank(_anchorer(SC));
        registry.anchor(SC, 1, "another root", STATE, new bytes32[](0));
        _expectHead(0, 1, 5, _stored(1));
        vm.assertTrue(registry.anchorDigest(SC, 1) != _stored(1), "digests differ");
    }

    // ----------------------------------------------------------------------------------------------- witnessing

    function _witness(uint32 by, uint64 seq, bytes32 digest) private {
        vm.prank(_anchorer(by));
        registry.witness(CQ, seq, digest);
    }

    function test_OthersWitnessOnce() public {
        _anchorTo(5);
        bytes32 digest = _stored(1);
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.Witnessed(CQ, 1, SC, digest);
        _witness(SC, 1, digest);
        vm.assertTrue(registry.hasWitnessed(CQ, 1, SC) && !registry.hasWitnessed(CQ, 1, BJ), "on record");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryAlreadyWitnessed.selector, CQ, 1, SC));
        _witness(SC, 1, digest);
        _witness(BJ, 1, digest);
        _anchorTo(6);
        _witness(SC, 2, _stored(2));
        _witness(GD, 1, digest); // an older one may be replayed too
    }

    function test_NobodyWitnessesItself() public {
        _anchorTo(5);
        bytes32 digest = _stored(1);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistrySelfWitness.selector, CQ));
        _witness(CQ, 1, digest);
    }

    function test_OnlyActiveAnchorersWitness() public {
        _anchorTo(5);
        bytes32 digest = _stored(1);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryUnknownMember.selector, 0));
        registry.witness(CQ, 1, digest);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotAnchorer.selector, SC, _admin(SC)));
        vm.prank(_admin(SC));
        registry.witness(CQ, 1, digest);
        vm.prank(_admin(SC));
        registry.setAnchorer(SC, _stranger(1));
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotAnchorer.selector, SC, _anchorer(SC)));
        _witness(SC, 1, digest);
        _suspend(BJ);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryMemberSuspended.selector, BJ));
        _witness(BJ, 1, digest);
    }

    function test_WitnessesNameTheDigest() public {
        _anchorTo(5);
        bytes32 digest = _stored(1);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryDigestMismatch.selector, bytes32(0), digest));
        _witness(SC, 1, 0);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryUnknownAnchor.selector, CQ, 2));
        _witness(SC, 2, 0);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryUnknownAnchor.selector, CQ, 0));
        _witness(SC, 0, 0);
    }

    // ----------------------------------------------------------------------------------------------- taking back

    function test_DisownGoesBackToTheAnchorBefore() public {
        for (uint64 size = 4; size <= 16; size += 4) {
            _anchorTo(size);
        }
        bytes32 digest = _stored(3);
        uint256 id = _vote(3);
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.Disowned(CQ, 3, 4, 1, 2, 8);
        registry.executeDisown(id, _anchors[3], _previous[3], _anchors[2], _previous[2]);
        _expectHead(1, 2, 8, _stored(2));
        vm.assertEq(_stored(3), digest, "the old digest stays");
        for (uint64 seq = 1; seq <= 5; ++seq) {
            vm.assertTrue(registry.isDisowned(CQ, seq) == (seq == 3 || seq == 4), "marked");
        }
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryAnchorDisowned.selector, CQ, 3));
        _witness(SC, 3, digest);
    }

    /// @dev After going back the log may continue differently: from the head, under a number never used before.
    function test_LogContinuesAfterDisown() public {
        for (uint64 size = 4; size <= 16; size += 4) {
            _anchorTo(size);
        }
        _disown(3, 2);
        _entries[9] = keccak256("another tenth entry");
        vm.assertEq(_anchorTo(12), 5, "number");
        vm.assertEq(_stored(5), sha256(abi.encode(_stored(2), CQ, 1, 5, 12, _root(12), STATE)), "extends 2 in epoch 1");
        _expectHead(1, 5, 12, _stored(5));
    }

    function test_DisownEverything() public {
        _anchorTo(4);
        _anchorTo(8);
        _disown(1, 0);
        _expectHead(1, 0, 0, _logId(CQ));
        vm.assertTrue(registry.isDisowned(CQ, 1) && registry.isDisowned(CQ, 2), "marked");
        vm.assertEq(_anchorTo(2), 3, "number");
        vm.assertEq(_stored(3), sha256(abi.encode(_logId(CQ), CQ, 1, 3, 2, _root(2), STATE)), "a new beginning");
    }

    /// @dev The second time, the anchor before is found by the digests, not by the number before.
    function test_DisownAfterDisown() public {
        for (uint64 size = 4; size <= 16; size += 4) {
            _anchorTo(size);
        }
        _disown(3, 2);
        _anchorTo(12); // 5, extends 2
        _anchorTo(16); // 6
        _disown(6, 5);
        _expectHead(2, 5, 12, _stored(5));
        _disown(5, 2);
        _expectHead(3, 2, 8, _stored(2));
        _anchorTo(20); // 7, extends 2
        _disown(2, 1);
        _expectHead(4, 1, 4, _stored(1));
        for (uint64 seq = 2; seq <= 7; ++seq) {
            vm.assertTrue(registry.isDisowned(CQ, seq), "marked");
        }
        vm.assertTrue(!registry.isDisowned(CQ, 1), "kept");
        _disown(1, 0);
        _expectHead(5, 0, 0, _logId(CQ));
        vm.assertEq(_anchorTo(3), 8, "number");
    }

    function test_DisownNeedsTheAnchorVotedOn() public {
        for (uint64 size = 4; size <= 12; size += 4) {
            _anchorTo(size);
        }
        uint256 id = _vote(3);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongAnchor.selector, CQ, 2));
        registry.executeDisown(id, _anchors[2], _previous[2], _anchors[1], _previous[1]);
        ILicenseRegistry.Anchor memory other = _anchors[3];
        other.member = SC;
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongAnchor.selector, SC, 3));
        registry.executeDisown(id, other, _previous[3], _anchors[2], _previous[2]);
    }

    /// @dev Neither anchor can be made up: a head that never was would let the log be rewritten.
    function test_DisownNeedsTruePreimages() public {
        for (uint64 size = 4; size <= 12; size += 4) {
            _anchorTo(size);
        }
        uint256 id = _vote(3);
        ILicenseRegistry.Anchor memory target = _anchors[3];
        target.size = 13;
        bytes4 selector = ILicenseRegistry.RegistryDigestMismatch.selector;
        _refused(abi.encodeWithSelector(selector, _digest(_previous[3], target), _stored(3)));
        registry.executeDisown(id, target, _previous[3], _anchors[2], _previous[2]);
        _refused(abi.encodeWithSelector(selector, _digest(_logId(CQ), _anchors[3]), _stored(3)));
        registry.executeDisown(id, _anchors[3], _logId(CQ), _anchors[2], _previous[2]);
        ILicenseRegistry.Anchor memory parent = _anchors[2];
        parent.logRoot = "rewritten";
        _refused(abi.encodeWithSelector(selector, _digest(_previous[2], parent), _stored(2)));
        registry.executeDisown(id, _anchors[3], _previous[3], parent, _previous[2]);
        _refused(abi.encodeWithSelector(selector, _stored(1), _stored(2)));
        registry.executeDisown(id, _anchors[3], _previous[3], _anchors[1], _previous[1]);
        _expectHead(0, 3, 12, _stored(3));
    }

    function test_DisownedAnchorsAreNotDisownedAgain() public {
        for (uint64 size = 4; size <= 12; size += 4) {
            _anchorTo(size);
        }
        _disown(2, 1);
        for (uint64 seq = 2; seq <= 3; ++seq) {
            uint256 id = _vote(seq);
            _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryAnchorDisowned.selector, CQ, seq));
            registry.executeDisown(id, _anchors[seq], _previous[seq], _anchors[seq - 1], _previous[seq - 1]);
        }
    }

    function test_NothingToDisown() public {
        _anchorTo(4);
        ILicenseRegistry.Anchor memory ghost = _anchors[1];
        ghost.seq = 2;
        uint256 id = _vote(2);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryUnknownAnchor.selector, CQ, 2));
        registry.executeDisown(id, ghost, _previous[1], NOBODY, 0);
        ghost.seq = 0;
        id = _vote(0);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryUnknownAnchor.selector, CQ, 0));
        registry.executeDisown(id, ghost, _previous[1], NOBODY, 0);
    }

    function test_DisownNeedsTheVote() public {
        _anchorTo(4);
        uint256 id = _propose(CQ, Action.DISOWN, CQ, abi.encode(uint64(1)));
        _approve(id, BJ);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotEnoughApprovals.selector, id, 1, 3));
        registry.executeDisown(id, _anchors[1], _previous[1], NOBODY, 0);
        _approve(id, GD);
        registry.executeDisown(id, _anchors[1], _previous[1], NOBODY, 0);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryProposalExecuted.selector, id));
        registry.executeDisown(id, _anchors[1], _previous[1], NOBODY, 0);
    }

    function test_SuspendedMembersLogIsTakenBackToo() public {
        _anchorTo(4);
        _suspend(CQ);
        _disown(1, 0);
        _expectHead(1, 0, 0, _logId(CQ));
    }

    /// @dev Any history of growing and going back: head, numbers and marks are those of a plain list.
    function testFuzz_AnyHistory(uint8[8] memory steps) public {
        uint64[] memory chain = new uint64[](8); // numbers of the believed anchors, in order
        uint256 length = 0;
        uint64 last = 0;
        uint64 epoch = 0;
        for (uint256 i = 0; i < 8; ++i) {
            if (length == 0 || steps[i] % 3 != 0) {
                last = _anchorTo((length == 0 ? 0 : _anchors[chain[length - 1]].size) + uint64(steps[i]) % 4 + 1);
                chain[length++] = last;
            } else {
                length = (steps[i] / 3) % length;
                _disown(chain[length], length == 0 ? 0 : chain[length - 1]);
                ++epoch;
            }
            uint64 top = length == 0 ? 0 : chain[length - 1];
            _expectHead(epoch, top, _anchors[top].size, top == 0 ? _logId(CQ) : _stored(top));
            _expectMarks(chain, length, last);
        }
    }

    function _expectMarks(uint64[] memory chain, uint256 length, uint64 last) private view {
        uint256 next = 0;
        for (uint64 seq = 1; seq <= last; ++seq) {
            bool believed = next < length && chain[next] == seq;
            if (believed) ++next;
            vm.assertTrue(registry.isDisowned(CQ, seq) != believed, "marked exactly if not believed");
            vm.assertEq(_stored(seq), _digest(_previous[seq], _anchors[seq]), "digest for good");
        }
    }

    // --------------------------------------------------------------------------------------------------- adopting

    address private constant OLD = address(0x01d);

    function _elsewhere() private view returns (ILicenseRegistry.Anchor memory) {
        return ILicenseRegistry.Anchor(CQ, 2, 9, 5, _root(5), STATE);
    }

    function _adopt(ILicenseRegistry.Anchor memory from, uint256 chainId, address where, bytes32 digest)
        private
        returns (uint256)
    {
        return _agree(BJ, Action.ADOPT, CQ, abi.encode(chainId, where, from, digest));
    }

    function test_AdoptedLogContinues() public {
        uint256 id = _adopt(_elsewhere(), 1337, OLD, "digest");
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.Adopted(CQ, 1337, OLD, 2, 9, 5, _root(5), STATE, "digest");
        registry.execute(id);
        _expectHead(2, 9, 5, "digest");
        vm.assertEq(_stored(9), "digest", "digest");
        vm.assertEq(_anchorTo(8), 10, "number");
        vm.assertEq(_stored(10), sha256(abi.encode(bytes32("digest"), CQ, 2, 10, 8, _root(8), STATE)), "extends it");
    }

    function test_AdoptedLogIsNotRewritten() public {
        registry.execute(_adopt(_elsewhere(), 1337, OLD, "digest"));
        _entries[0] = "rewritten";
        (bytes32 root, bytes32[] memory proof) = (_root(8), _proof(5, 8));
        vm.expectPartialRevert(Rfc9162.Rfc9162RootMismatch.selector);
        vm.prank(_anchorer(CQ));
        registry.anchor(CQ, 8, root, STATE, proof);
    }

    function test_OnlyAnUnusedLogAdopts() public {
        uint256 id = _adopt(_elsewhere(), 1337, OLD, "digest");
        uint256 again = _adopt(_elsewhere(), 1337, OLD, "digest");
        uint256 late = _adopt(_elsewhere(), 1337, OLD, "digest");
        registry.execute(id);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryHasAnchors.selector, CQ, 9));
        registry.execute(again);
        _anchorTo(8);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryHasAnchors.selector, CQ, 10));
        registry.execute(late);
    }

    /// @dev An emptied log has used its numbers: adopting then would give them out again.
    function test_EmptiedLogDoesNotAdopt() public {
        _anchorTo(4);
        _disown(1, 0);
        uint256 id = _adopt(_elsewhere(), 1337, OLD, "digest");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryHasAnchors.selector, CQ, 1));
        registry.execute(id);
    }

    function test_WhatCannotBeAdopted() public {
        bytes memory why = abi.encodeWithSelector(ILicenseRegistry.RegistryWrongAdoption.selector, CQ);
        for (uint256 i = 0; i < 7; ++i) {
            ILicenseRegistry.Anchor memory from = _elsewhere();
            if (i == 0) from.member = SC;
            if (i == 1) from.seq = 0;
            if (i == 2) from.size = 0;
            (uint256 chainId, address where) = (block.chainid, i == 4 ? address(registry) : OLD);
            bytes32 digest = i == 5 ? bytes32(0) : i == 6 ? _logId(CQ) : bytes32("digest");
            uint256 id = _adopt(from, chainId, i == 3 ? address(0) : where, digest);
            _refused(why);
            registry.execute(id);
        }
        registry.execute(_adopt(_elsewhere(), block.chainid + 1, address(registry), "digest"));
    }

    /// @dev An anchor made here after adopting can be taken back; then the adopted one is the head again.
    function test_DisownBackToTheAdoptedHead() public {
        ILicenseRegistry.Anchor memory from = _elsewhere();
        bytes32 digest = _digest("before", from);
        registry.execute(_adopt(from, 1337, OLD, digest));
        (_anchors[9], _previous[9]) = (from, "before");
        _anchorTo(8);
        _disown(10, 9);
        _expectHead(3, 9, 5, digest);
    }

    /// @dev What came before it is on record in the other registry only, where it may even have been the first anchor.
    function test_AdoptedHeadIsNotTakenBack() public {
        ILicenseRegistry.Anchor memory from = _elsewhere();
        bytes32 logId = _logId(CQ);
        registry.execute(_adopt(from, 1337, OLD, _digest(logId, from)));
        uint256 id = _vote(9);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryAdoptedHead.selector, CQ, 9));
        registry.executeDisown(id, from, logId, NOBODY, 0);
        _expectHead(2, 9, 5, _digest(logId, from));
    }

    // ------------------------------------------------------------------------------------------------------ bounds

    uint64 private constant MOST = 2 ** 53 - 1;

    /// @dev A trust file spells sizes as JSON numbers; one that it cannot spell would end the trust files of everybody.
    function test_SizesStayBelow2To53() public {
        bytes memory why = abi.encodeWithSelector(ILicenseRegistry.RegistrySizeTooBig.selector, MOST + 1, MOST);
        ILicenseRegistry.Anchor memory from = _elsewhere();
        from.size = MOST + 1;
        uint256 id = _adopt(from, 1337, OLD, "digest");
        _refused(why);
        registry.execute(id);
        _refused(why);
        vm.prank(_anchorer(CQ));
        registry.anchor(CQ, MOST + 1, _root(1), STATE, new bytes32[](0));
        vm.prank(_anchorer(CQ));
        registry.anchor(CQ, MOST, _root(1), STATE, new bytes32[](0));
    }
}
