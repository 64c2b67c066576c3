// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Action} from "../src/Action.sol";
import {ILicenseRegistry} from "../src/ILicenseRegistry.sol";
import {Base} from "./Base.sol";
import {ReferenceTree} from "./ReferenceTree.sol";

/**
 * @notice Plays four members at random: honest steps, which must succeed, and forgeries, which must fail. It keeps a model
 * beside the registry: the true leaves of each log, and a copy of everything that was ever recorded.
 * @dev Runs with `fail_on_revert`, so an honest step that is refused fails the test too; forgeries are low-level calls.
 */
contract Handler is Base {
    bytes32 private constant STATE = keccak256("state");
    /// @dev Sizes stay small enough to compute every root naively.
    uint256 private constant MAX_STEP = 6;

    struct Record {
        uint32 code;
        bytes32 id; // of a key; or the number of an anchor
        bytes32 content; // hash of what must never change; or an anchor's digest
    }

    mapping(uint32 code => bytes32[]) private _leaves;
    mapping(uint32 code => uint64[]) private _chain; // numbers of the believed anchors
    mapping(uint32 code => mapping(uint64 seq => ILicenseRegistry.Anchor)) private _anchors;
    mapping(uint32 code => mapping(uint64 seq => bytes32)) private _previous;
    mapping(bytes32 keyId => uint64) private _revokedAt;
    mapping(bytes32 keyId => uint64) private _cutOff;
    mapping(uint256 id => mapping(uint32 code => bool)) private _approves;
    mapping(uint32 code => bool) private _suspended;
    Record[] private _digests;
    Record[] private _keys;
    uint256[] private _openProposals;
    uint256 private _salt;

    /// @notice A forgery that the registry accepted, in words; empty as it has to be.
    string public accepted;

    // ---------------------------------------------------------------------------------------------- honest steps

    function grow(uint256 who, uint256 step) external {
        uint32 code = _pick(who);
        if (_suspended[code]) return;
        (uint64 epoch,, uint64 from,,, bytes32 previous) = registry.head(code);
        for (uint256 i = 0; i <= step % MAX_STEP; ++i) {
            _leaves[code].push(_fresh());
        }
        (uint64 size, bytes32 root, bytes32[] memory proof) = _extension(_leaves[code], from);
        uint64 seq = _lastSeq(code) + 1;
        vm.prank(_anchorer(code));
        registry.anchor(code, size, root, STATE, proof);
        _chain[code].push(seq);
        _anchors[code][seq] = ILicenseRegistry.Anchor(code, epoch, seq, size, root, STATE);
        _previous[code][seq] = previous;
        _digests.push(Record(code, bytes32(uint256(seq)), _digest(previous, _anchors[code][seq])));
    }

    function disown(uint256 who, uint256 where) external {
        uint32 code = _pick(who);
        uint256 length = _chain[code].length;
        if (length == 0) return;
        uint256 keep = where % length;
        uint64 fromSeq = _chain[code][keep];
        uint64 parent = keep == 0 ? 0 : _chain[code][keep - 1];
        uint256 id = _vote(code, Action.DISOWN, abi.encode(fromSeq));
        registry.executeDisown(
            id, _anchors[code][fromSeq], _previous[code][fromSeq], _anchors[code][parent], _previous[code][parent]
        );
        while (_chain[code].length > keep) _chain[code].pop();
        while (_leaves[code].length > _anchors[code][parent].size) _leaves[code].pop();
    }

    function addKey(uint256 who, uint8 purpose) external {
        uint32 code = _pick(who);
        if (_suspended[code]) return;
        purpose = purpose % 3 + 1;
        bytes memory publicKey = purpose == 1 ? bytes.concat(hex"03", _fresh()) : bytes.concat(_fresh());
        vm.prank(_admin(code));
        registry.addKey(code, purpose, publicKey);
        bytes32 keyId = sha256(publicKey);
        _cutOff[keyId] = NEVER;
        _keys.push(Record(code, keyId, keccak256(abi.encode(purpose, uint64(block.number), publicKey))));
        vm.roll(block.number + 1);
    }

    function revokeKey(uint256 which) external {
        if (_keys.length == 0) return;
        Record memory it = _keys[which % _keys.length];
        if (_revokedAt[it.id] != 0) return;
        vm.prank(_admin(it.code));
        registry.revokeKey(it.code, it.id);
        _revokedAt[it.id] = uint64(block.number);
        vm.roll(block.number + 1);
    }

    function compromise(uint256 which, uint64 size) external {
        if (_keys.length == 0) return;
        Record memory it = _keys[which % _keys.length];
        vm.prank(_admin(it.code));
        (bool ok,) = address(registry).call(abi.encodeCall(registry.compromisedFrom, (it.code, it.id, size)));
        if (ok != (size < _cutOff[it.id] && size < 2 ** 53)) accepted = "a cut-off was raised, or not lowered";
        if (ok) _cutOff[it.id] = size;
    }

    function suspend(uint256 who) external {
        uint32 code = _pick(who);
        if (_suspended[code] || registry.activeMembers() < 3) return;
        registry.execute(_vote(code, Action.SUSPEND, ""));
        _suspended[code] = true;
    }

    function reinstate(uint256 who) external {
        uint32 code = _pick(who);
        if (!_suspended[code]) return;
        registry.execute(_vote(code, Action.REINSTATE, ""));
        _suspended[code] = false;
    }

    function propose(uint256 who, uint256 target) external {
        uint32 code = _pick(who);
        if (_suspended[code] || _openProposals.length > 8) return;
        uint256 id = _propose(code, Action.REPLACE_ADMIN, _pick(target), abi.encode(_stranger(++_salt)));
        _openProposals.push(id);
        _approves[id][code] = code != _pick(target);
    }

    function approve(uint256 which, uint256 who) external {
        if (_openProposals.length == 0) return;
        (uint256 id, uint32 code) = (_openProposals[which % _openProposals.length], _pick(who));
        vm.prank(_admin(code));
        (bool ok,) = address(registry).call(abi.encodeCall(registry.approve, (id, code)));
        (, uint32 target,,,,,,) = registry.proposal(id);
        bool may = code != target && !_suspended[code] && !_approves[id][code];
        if (ok != may) accepted = "somebody voted twice, while suspended or about itself; or could not vote";
        if (ok) _approves[id][code] = true;
    }

    function withdraw(uint256 which, uint256 who) external {
        if (_openProposals.length == 0) return;
        (uint256 id, uint32 code) = (_openProposals[which % _openProposals.length], _pick(who));
        if (!_approves[id][code]) return;
        vm.prank(_admin(code));
        registry.withdraw(id, code);
        _approves[id][code] = false;
    }

    // ------------------------------------------------------------------------------------------------- forgeries

    /// @dev The true log, truly extended, but sent by somebody else.
    function anchorAsAnother(uint256 who, address caller, uint256 other) external {
        uint32 code = _pick(who);
        if (other % 3 == 0) caller = _anchorer(_pick(other / 3));
        if (other % 3 == 1) caller = _admin(_pick(other / 3));
        if (caller == _anchorer(code)) return;
        (,, uint64 from,,,) = registry.head(code);
        bytes32[] memory leaves = _with(_leaves[code], _fresh());
        (uint64 size, bytes32 root, bytes32[] memory proof) = _extension(leaves, from);
        _mustFail(caller, code, size, root, proof, "somebody else anchored");
    }

    /// @dev A log with one anchored entry rewritten, consistent in itself.
    function fork(uint256 who, uint256 where, uint256 step) external {
        uint32 code = _pick(who);
        (,, uint64 from,,,) = registry.head(code);
        if (from == 0) return;
        bytes32[] memory leaves = _leaves[code];
        leaves[where % from] = _fresh();
        for (uint256 i = 0; i <= step % MAX_STEP; ++i) {
            leaves = _with(leaves, _fresh());
        }
        (uint64 size, bytes32 root, bytes32[] memory proof) = _extension(leaves, from);
        _mustFail(_anchorer(code), code, size, root, proof, "a log was forked");
    }

    /// @dev A shorter log, or an equally long one, with the proof that would do for it or with whatever proof.
    function shrink(uint256 who, uint256 by, bytes32[] calldata whatever) external {
        uint32 code = _pick(who);
        (,, uint64 from,,,) = registry.head(code);
        if (from == 0) return;
        uint64 size = from - uint64(by % from);
        bytes32 root = ReferenceTree.root(_leaves[code], 0, size);
        bytes32[] memory proof = by % 2 == 0 ? ReferenceTree.consistency(_leaves[code], size, from) : whatever;
        _mustFail(_anchorer(code), code, size, root, proof, "a log shrank");
    }

    /// @dev A root of the forger's choice with a proof of the forger's choice.
    function invent(uint256 who, uint64 size, bytes32 root, bytes32[] calldata proof) external {
        uint32 code = _pick(who);
        (,, uint64 from,,,) = registry.head(code);
        if (from == 0) return; // the first anchor is believed: nothing stands against it
        _mustFail(_anchorer(code), code, size, root, proof, "an invented root was anchored");
    }

    // ----------------------------------------------------------------------------------------- what must always hold

    /// @notice Each head is the root over the true leaves: the log neither shrank nor forked.
    function checkHeads() external view {
        for (uint256 i = 0; i < 4; ++i) {
            uint32 code = _founderCodes()[i];
            (, uint64 seq, uint64 size, bytes32 root,, bytes32 digest) = registry.head(code);
            uint256 length = _chain[code].length;
            uint64 top = length == 0 ? 0 : _chain[code][length - 1];
            vm.assertTrue(seq == top && size == _leaves[code].length, "head");
            vm.assertEq(root, ReferenceTree.root(_leaves[code], 0, size), "root");
            bytes32 want = top == 0 ? _logId(code) : _digest(_previous[code][top], _anchors[code][top]);
            vm.assertEq(digest, want, "digest");
        }
    }

    /// @notice Every digest and key ever recorded is what it was, and exactly the believed anchors are not disowned.
    function checkHistory() external view {
        for (uint256 i = 0; i < _digests.length; ++i) {
            Record memory it = _digests[i];
            uint64 seq = uint64(uint256(it.id));
            vm.assertEq(registry.anchorDigest(it.code, seq), it.content, "digest on record");
            vm.assertTrue(registry.isDisowned(it.code, seq) != _isBelieved(it.code, seq), "mark");
        }
        for (uint256 i = 0; i < _keys.length; ++i) {
            Record memory it = _keys[i];
            (uint8 purpose, uint64 addedAt, uint64 revokedAt, uint64 cutOff, bytes memory publicKey) =
                registry.key(it.code, it.id);
            vm.assertEq(keccak256(abi.encode(purpose, addedAt, publicKey)), it.content, "key on record");
            vm.assertTrue(revokedAt == _revokedAt[it.id] && cutOff == _cutOff[it.id], "revocation and cut-off");
        }
    }

    /// @notice Each active member counts once, and nobody else.
    function checkVotes() external view {
        uint256 active = 0;
        for (uint256 i = 0; i < 4; ++i) {
            if (!_suspended[_founderCodes()[i]]) ++active;
        }
        vm.assertTrue(registry.activeMembers() == active && active >= 2, "active members");
        for (uint256 i = 0; i < _openProposals.length; ++i) {
            _checkVote(_openProposals[i]);
        }
    }

    function _checkVote(uint256 id) private view {
        (, uint32 target,,,,, uint256 approvals, uint256 eligible) = registry.proposal(id);
        for (uint256 i = 0; i < 4; ++i) {
            uint32 code = _founderCodes()[i];
            vm.assertTrue(registry.hasApproved(id, code) == _approves[id][code], "approval on record");
            if (_suspended[code] || code == target) continue;
            --eligible; // panics if fewer were counted
            if (_approves[id][code]) --approvals;
        }
        vm.assertTrue(approvals == 0 && eligible == 0, "each once");
    }

    // --------------------------------------------------------------------------------------------------- helpers

    function _pick(uint256 who) private pure returns (uint32) {
        return _founderCodes()[who % 4];
    }

    function _fresh() private returns (bytes32) {
        return keccak256(abi.encode("fresh", ++_salt));
    }

    function _lastSeq(uint32 code) private view returns (uint64 lastSeq) {
        (,,,,,, lastSeq,) = registry.member(code);
    }

    function _with(bytes32[] memory leaves, bytes32 last) private pure returns (bytes32[] memory) {
        return ReferenceTree.append(leaves, last);
    }

    /// @dev What an anchorer would send to go from the first `from` of these leaves to all of them.
    function _extension(bytes32[] memory leaves, uint64 from)
        private
        pure
        returns (uint64 size, bytes32 root, bytes32[] memory proof)
    {
        size = uint64(leaves.length);
        root = ReferenceTree.root(leaves, 0, size);
        proof = from == 0 ? new bytes32[](0) : ReferenceTree.consistency(leaves, from, size);
    }

    function _isBelieved(uint32 code, uint64 seq) private view returns (bool) {
        for (uint256 i = 0; i < _chain[code].length; ++i) {
            if (_chain[code][i] == seq) return true;
        }
        return false;
    }

    /// @dev A vote that everybody but the target agrees to.
    function _vote(uint32 target, uint8 action, bytes memory payload) private returns (uint256) {
        uint256 first = 0;
        while (_suspended[_pick(first)] || _pick(first) == target) vm.assertLe(++first, 3, "somebody is left to vote");
        return _agree(_pick(first), action, target, payload);
    }

    function _mustFail(
        address caller,
        uint32 code,
        uint64 size,
        bytes32 root,
        bytes32[] memory proof,
        string memory what
    ) private {
        vm.prank(caller);
        (bool ok,) = address(registry).call(abi.encodeCall(registry.anchor, (code, size, root, STATE, proof)));
        if (ok) accepted = what;
    }
}
