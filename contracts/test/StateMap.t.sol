// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {StateMap} from "../src/StateMap.sol";
import {Base} from "./Base.sol";
import {ReferenceMap} from "./ReferenceTree.sol";

/// @notice The state map's proofs, through the deployed view, against a map written from its definition.
contract StateMapTest is Base {
    function _pairs(uint256 count) private pure returns (ReferenceMap.Pair[] memory pairs) {
        pairs = new ReferenceMap.Pair[](count);
        for (uint256 i = 0; i < count; ++i) {
            pairs[i] = ReferenceMap.Pair(keccak256(abi.encode("key", i)), keccak256(abi.encode("value", i)));
        }
    }

    bytes32 private constant EVEN = bytes32(uint256(2));
    bytes32 private constant ODD = bytes32(uint256(3));

    function _leaf(bytes32 key) private pure returns (bytes32) {
        return ReferenceMap.leafHash(ReferenceMap.Pair(key, _value(key)));
    }

    function _value(bytes32 key) private pure returns (bytes32) {
        return keccak256(abi.encode("value", key));
    }

    /// @dev Root of a map of two keys that share all bits but the last, which makes the longest path there is: from the
    /// node above both leaves, 255 times the left child (the keys begin with zeros) but for bit 254.
    function _twinsRoot() private pure returns (bytes32 root) {
        root = sha256(abi.encodePacked(uint8(3), _leaf(EVEN), _leaf(ODD)));
        root = sha256(abi.encodePacked(uint8(3), bytes32(0), root));
        for (uint256 i = 0; i < 254; ++i) {
            root = sha256(abi.encodePacked(uint8(3), root, bytes32(0)));
        }
    }

    /// @dev A proof with one sibling, the deepest.
    function _path(uint256 length, bytes32 deepest) private pure returns (bytes32[] memory proof) {
        proof = new bytes32[](length);
        proof[0] = deepest;
    }

    function _verify(ReferenceMap.Pair[] memory pairs, bytes32 subject, bytes32 value) private view {
        (bytes32[] memory proof, ReferenceMap.Pair[] memory end) = ReferenceMap.prove(pairs, subject, 0);
        bool other = value == 0 && end.length == 1;
        bytes32 otherKey = other ? end[0].key : bytes32(0);
        bytes32 otherValue = other ? end[0].value : bytes32(0);
        registry.verifyState(ReferenceMap.root(pairs, 0), subject, value, otherKey, otherValue, proof);
    }

    // ------------------------------------------------------------------------------------------------ what is true

    function testFuzz_PresenceAndAbsenceInAnyMap(uint8 count, uint8 pick, bytes32 stranger) public view {
        ReferenceMap.Pair[] memory pairs = _pairs(count % 40 + 1);
        ReferenceMap.Pair memory chosen = pairs[pick % pairs.length];
        vm.assume(stranger != chosen.key);
        _verify(pairs, chosen.key, chosen.value);
        _verify(pairs, stranger, 0);
    }

    function test_EmptyMapHasNobody() public view {
        registry.verifyState(0, keccak256("anybody"), 0, 0, 0, new bytes32[](0));
    }

    function test_OneLeafIsTheRoot() public view {
        _verify(_pairs(1), keccak256(abi.encode("key", 0)), keccak256(abi.encode("value", 0)));
        _verify(_pairs(1), keccak256("somebody else"), 0);
    }

    function test_LongestPath() public view {
        registry.verifyState(_twinsRoot(), EVEN, _value(EVEN), 0, 0, _path(256, _leaf(ODD)));
        registry.verifyState(_twinsRoot(), ODD, _value(ODD), 0, 0, _path(256, _leaf(EVEN)));
        // 1 leaves the twins' path at bit 254 and ends in an empty subtree beside them.
        bytes32 both = sha256(abi.encodePacked(uint8(3), _leaf(EVEN), _leaf(ODD)));
        registry.verifyState(_twinsRoot(), bytes32(uint256(1)), 0, 0, 0, _path(255, both));
    }

    // ---------------------------------------------------------------------------------------------- what is refused

    function testFuzz_AnotherValueIsRefused(uint8 count, uint8 pick, bytes32 wrong) public {
        ReferenceMap.Pair[] memory pairs = _pairs(count % 40 + 1);
        ReferenceMap.Pair memory chosen = pairs[pick % pairs.length];
        vm.assume(wrong != chosen.value && wrong != 0);
        (bytes32[] memory proof,) = ReferenceMap.prove(pairs, chosen.key, 0);
        bytes32 root = ReferenceMap.root(pairs, 0);
        vm.expectPartialRevert(StateMap.StateMapRootMismatch.selector);
        registry.verifyState(root, chosen.key, wrong, 0, 0, proof);
    }

    function testFuzz_PresentIsNotAbsent(uint8 count, uint8 pick) public {
        ReferenceMap.Pair[] memory pairs = _pairs(count % 40 + 2);
        ReferenceMap.Pair memory chosen = pairs[pick % pairs.length];
        (bytes32[] memory proof,) = ReferenceMap.prove(pairs, chosen.key, 0);
        bytes32 root = ReferenceMap.root(pairs, 0);
        vm.expectPartialRevert(StateMap.StateMapRootMismatch.selector);
        registry.verifyState(root, chosen.key, 0, 0, 0, proof);
        _refused(abi.encodeWithSelector(StateMap.StateMapForeignLeaf.selector, chosen.key, chosen.key, proof.length));
        registry.verifyState(root, chosen.key, 0, chosen.key, chosen.value, proof);
    }

    function testFuzz_OneFlippedBitIsRefused(uint8 count, uint8 pick, uint8 at, uint8 bit) public {
        ReferenceMap.Pair[] memory pairs = _pairs(count % 40 + 2);
        ReferenceMap.Pair memory chosen = pairs[pick % pairs.length];
        (bytes32[] memory proof,) = ReferenceMap.prove(pairs, chosen.key, 0);
        proof[at % proof.length] ^= bytes32(uint256(1) << bit);
        bytes32 root = ReferenceMap.root(pairs, 0);
        vm.expectPartialRevert(StateMap.StateMapRootMismatch.selector);
        registry.verifyState(root, chosen.key, chosen.value, 0, 0, proof);
    }

    /// @dev Somebody who is in the map is "shown" absent by a leaf from another corner of it.
    function test_LeafFromElsewhereProvesNoAbsence() public {
        ReferenceMap.Pair[] memory pairs = _pairs(16);
        (bytes32[] memory proof,) = ReferenceMap.prove(pairs, pairs[0].key, 0);
        bytes32 root = ReferenceMap.root(pairs, 0);
        bytes32 liar = pairs[0].key ^ bytes32(uint256(1) << 255);
        _refused(abi.encodeWithSelector(StateMap.StateMapForeignLeaf.selector, liar, pairs[0].key, proof.length));
        registry.verifyState(root, liar, 0, pairs[0].key, pairs[0].value, proof);
    }

    /// @dev At full depth the other leaf would have to be the subject's own.
    function test_NoOtherLeafAtFullDepth() public {
        bytes32 root = _twinsRoot();
        bytes32[] memory proof = _path(256, _leaf(ODD));
        _refused(abi.encodeWithSelector(StateMap.StateMapForeignLeaf.selector, EVEN, ODD, 256));
        registry.verifyState(root, EVEN, 0, ODD, _value(ODD), proof);
    }

    function test_UnusedWordsMustBeZero() public {
        ReferenceMap.Pair[] memory pairs = _pairs(1);
        bytes32 root = ReferenceMap.root(pairs, 0);
        bytes4 selector = StateMap.StateMapUnexpectedLeaf.selector;
        bytes32[] memory none = new bytes32[](0);
        _refused(abi.encodeWithSelector(selector, bytes32(uint256(1)), bytes32(0)));
        registry.verifyState(root, pairs[0].key, pairs[0].value, bytes32(uint256(1)), 0, none);
        _refused(abi.encodeWithSelector(selector, bytes32(0), bytes32(uint256(1))));
        registry.verifyState(root, pairs[0].key, pairs[0].value, 0, bytes32(uint256(1)), none);
        _refused(abi.encodeWithSelector(selector, bytes32(uint256(1)), bytes32(0)));
        registry.verifyState(0, pairs[0].key, 0, bytes32(uint256(1)), 0, none);
    }

    function test_TooManySiblings() public {
        _refused(abi.encodeWithSelector(StateMap.StateMapProofTooLong.selector, 257));
        registry.verifyState(0, 0, 0, 0, 0, new bytes32[](257));
    }

    /// @dev The same pair one level deeper than it stands: the tree would have collapsed.
    function test_DeepestSiblingIsNeverEmpty() public {
        ReferenceMap.Pair[] memory pairs = _pairs(1);
        bytes32 leaf = ReferenceMap.leafHash(pairs[0]);
        bool right = uint256(pairs[0].key) >> 255 == 1;
        bytes32 stretched = right
            ? sha256(abi.encodePacked(uint8(3), bytes32(0), leaf))
            : sha256(abi.encodePacked(uint8(3), leaf, bytes32(0)));
        _refused(abi.encodeWithSelector(StateMap.StateMapNotCollapsed.selector));
        registry.verifyState(stretched, pairs[0].key, pairs[0].value, 0, 0, new bytes32[](1));
    }

    /// @dev Without prefixes of their own, the leaf of key 0 would be a node with an empty left side, and so "prove" the
    /// absence of every key on that side, its own too.
    function test_LeafIsNoNode() public {
        bytes32 root = _leaf(0);
        bytes32[] memory proof = _path(1, _value(0));
        vm.expectPartialRevert(StateMap.StateMapRootMismatch.selector);
        registry.verifyState(root, 0, 0, 0, 0, proof);
    }
}
