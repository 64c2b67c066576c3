// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Rfc9162} from "../src/Rfc9162.sol";
import {Base} from "./Base.sol";
import {ReferenceTree} from "./ReferenceTree.sol";

/// @notice The log's proofs, through the deployed views, against a tree written from the RFC.
contract Rfc9162Test is Base {
    /// @dev Every tree up to this size is tried with every index.
    uint64 private constant SMALL = 17;

    function _leaves(uint256 count) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = ReferenceTree.leafHash(abi.encode("entry", i));
        }
    }

    // ------------------------------------------------------------------------------------------------ what is true

    function test_EveryInclusionInSmallTrees() public view {
        bytes32[] memory leaves = _leaves(SMALL);
        for (uint64 size = 1; size <= SMALL; ++size) {
            bytes32 root = ReferenceTree.root(leaves, 0, size);
            for (uint64 i = 0; i < size; ++i) {
                registry.verifyInclusion(leaves[i], i, size, root, ReferenceTree.path(leaves, i, 0, size));
            }
        }
    }

    function test_EveryConsistencyOfSmallTrees() public view {
        bytes32[] memory leaves = _leaves(SMALL);
        for (uint64 size2 = 1; size2 <= SMALL; ++size2) {
            bytes32 root2 = ReferenceTree.root(leaves, 0, size2);
            for (uint64 size1 = 1; size1 <= size2; ++size1) {
                bytes32 root1 = ReferenceTree.root(leaves, 0, size1);
                bytes32[] memory proof = ReferenceTree.consistency(leaves, size1, size2);
                registry.verifyConsistency(size1, root1, size2, root2, proof);
            }
        }
    }

    function testFuzz_ProofsOfAnyTree(uint8 a, uint8 b, uint8 c) public view {
        uint64 size2 = uint64(a) % 100 + 1;
        uint64 size1 = uint64(b) % size2 + 1;
        uint64 index = uint64(c) % size2;
        bytes32[] memory leaves = _leaves(size2);
        bytes32 root2 = ReferenceTree.root(leaves, 0, size2);
        registry.verifyInclusion(leaves[index], index, size2, root2, ReferenceTree.path(leaves, index, 0, size2));
        bytes32 root1 = ReferenceTree.root(leaves, 0, size1);
        bytes32[] memory proof = ReferenceTree.consistency(leaves, size1, size2);
        registry.verifyConsistency(size1, root1, size2, root2, proof);
    }

    /// @dev The largest size there is: 64 levels, and no arithmetic overflows on the way.
    function test_InclusionAtTheLargestSize() public view {
        bytes32[] memory proof = new bytes32[](64);
        bytes32 root = ReferenceTree.leafHash("only the path matters");
        bytes32 leaf = root;
        for (uint256 i = 0; i < 64; ++i) {
            proof[i] = keccak256(abi.encode(i));
            // The index NEVER - 1 is even at the lowest level alone, and 2^64 - 1 entries are not a full tree.
            root = i == 0 ? root : ReferenceTree.nodeHash(proof[i], root);
        }
        bytes32[] memory path = new bytes32[](63);
        for (uint256 i = 0; i < 63; ++i) {
            path[i] = proof[i + 1];
        }
        registry.verifyInclusion(leaf, NEVER - 1, NEVER, root, path);
    }

    // ---------------------------------------------------------------------------------------------- what is refused

    function testFuzz_OneFlippedBitIsRefused(uint8 a, uint8 b, uint8 c, uint8 bit) public {
        uint64 size2 = uint64(a) % 60 + 2;
        uint64 size1 = uint64(b) % (size2 - 1) + 1;
        bytes32[] memory leaves = _leaves(size2);
        bytes32 root1 = ReferenceTree.root(leaves, 0, size1);
        bytes32 root2 = ReferenceTree.root(leaves, 0, size2);
        bytes32 flip = bytes32(uint256(1) << bit);
        bytes32[] memory path = ReferenceTree.path(leaves, size1, 0, size2);
        path[c % path.length] ^= flip;
        vm.expectPartialRevert(Rfc9162.Rfc9162RootMismatch.selector);
        registry.verifyInclusion(leaves[size1], size1, size2, root2, path);
        bytes32[] memory proof = ReferenceTree.consistency(leaves, size1, size2);
        proof[c % proof.length] ^= flip;
        vm.expectPartialRevert(Rfc9162.Rfc9162RootMismatch.selector);
        registry.verifyConsistency(size1, root1, size2, root2, proof);
    }

    function testFuzz_WrongRootsAreRefused(uint8 a, uint8 b, bytes32 wrong) public {
        uint64 size2 = uint64(a) % 60 + 2;
        uint64 size1 = uint64(b) % (size2 - 1) + 1;
        bytes32[] memory leaves = _leaves(size2);
        bytes32 root1 = ReferenceTree.root(leaves, 0, size1);
        bytes32 root2 = ReferenceTree.root(leaves, 0, size2);
        vm.assume(wrong != root1 && wrong != root2);
        bytes32[] memory proof = ReferenceTree.consistency(leaves, size1, size2);
        vm.expectPartialRevert(Rfc9162.Rfc9162RootMismatch.selector);
        registry.verifyConsistency(size1, wrong, size2, root2, proof);
        _refused(abi.encodeWithSelector(Rfc9162.Rfc9162RootMismatch.selector, root2, wrong));
        registry.verifyConsistency(size1, root1, size2, wrong, proof);
        bytes32[] memory path = ReferenceTree.path(leaves, size1, 0, size2);
        _refused(abi.encodeWithSelector(Rfc9162.Rfc9162RootMismatch.selector, root2, wrong));
        registry.verifyInclusion(leaves[size1], size1, size2, wrong, path);
    }

    /// @dev In every small tree, a proof that is one hash longer or shorter is refused for its length.
    function test_EveryWrongLengthIsRefused() public {
        bytes32[] memory leaves = _leaves(9);
        for (uint64 size = 1; size <= 9; ++size) {
            bytes32 root = ReferenceTree.root(leaves, 0, size);
            for (uint64 i = 0; i < size; ++i) {
                bytes32[] memory path = ReferenceTree.path(leaves, i, 0, size);
                _refusedLength(path.length + 1);
                registry.verifyInclusion(leaves[i], i, size, root, ReferenceTree.append(path, root));
                if (path.length > 0) {
                    _refusedLength(path.length - 1);
                    registry.verifyInclusion(leaves[i], i, size, root, _shorter(path));
                }
                _tryLengths(leaves, i + 1, size, root);
            }
        }
    }

    function _tryLengths(bytes32[] memory leaves, uint64 size1, uint64 size2, bytes32 root2) private {
        bytes32 root1 = ReferenceTree.root(leaves, 0, size1);
        bytes32[] memory proof = ReferenceTree.consistency(leaves, size1, size2);
        _refusedLength(proof.length + 1);
        registry.verifyConsistency(size1, root1, size2, root2, ReferenceTree.append(proof, root2));
        if (proof.length == 0) return;
        _refusedLength(0);
        registry.verifyConsistency(size1, root1, size2, root2, new bytes32[](0));
        _refusedLength(proof.length - 1);
        registry.verifyConsistency(size1, root1, size2, root2, _shorter(proof));
    }

    function _refusedLength(uint256 length) private {
        _refused(abi.encodeWithSelector(Rfc9162.Rfc9162ProofLength.selector, length));
    }

    function _shorter(bytes32[] memory list) private pure returns (bytes32[] memory shorter) {
        shorter = new bytes32[](list.length - 1);
        for (uint256 i = 0; i < shorter.length; ++i) {
            shorter[i] = list[i];
        }
    }

    function test_IndexOutsideTheTree() public {
        bytes4 selector = Rfc9162.Rfc9162IndexOutOfRange.selector;
        bytes32 leaf = ReferenceTree.leafHash("entry");
        _refused(abi.encodeWithSelector(selector, 1, 1));
        registry.verifyInclusion(leaf, 1, 1, leaf, new bytes32[](0));
        _refused(abi.encodeWithSelector(selector, 0, 0));
        registry.verifyInclusion(leaf, 0, 0, leaf, new bytes32[](0));
    }

    function test_ConsistencyFromNothingOrBackwards() public {
        bytes32[] memory leaves = _leaves(2);
        bytes32 root = ReferenceTree.root(leaves, 0, 2);
        _refused(abi.encodeWithSelector(Rfc9162.Rfc9162WrongSizes.selector, 0, 2));
        registry.verifyConsistency(0, EMPTY_ROOT, 2, root, new bytes32[](0));
        _refused(abi.encodeWithSelector(Rfc9162.Rfc9162WrongSizes.selector, 2, 1));
        registry.verifyConsistency(2, root, 1, leaves[0], new bytes32[](0));
        _refused(abi.encodeWithSelector(Rfc9162.Rfc9162WrongSizes.selector, 0, 0));
        registry.verifyConsistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, new bytes32[](0));
    }

    function test_EqualSizesNeedEqualRoots() public {
        bytes32[] memory leaves = _leaves(2);
        registry.verifyConsistency(1, leaves[0], 1, leaves[0], new bytes32[](0));
        _refused(abi.encodeWithSelector(Rfc9162.Rfc9162RootMismatch.selector, leaves[0], leaves[1]));
        registry.verifyConsistency(1, leaves[0], 1, leaves[1], new bytes32[](0));
    }

    function test_LeavesDoNotChangePlaces() public {
        bytes32[] memory leaves = _leaves(2);
        bytes32 root = ReferenceTree.root(leaves, 0, 2);
        vm.expectPartialRevert(Rfc9162.Rfc9162RootMismatch.selector);
        registry.verifyInclusion(leaves[0], 1, 2, root, ReferenceTree.path(leaves, 0, 0, 2));
    }

    // ---------------------------------------------------------------------------------------------- known attacks

    /**
     * @dev Second preimage: in a tree without prefixes, the 64 bytes of an inner node's two children would be an "entry"
     * with the inner node's hash, and would have a valid proof. Here leaves and nodes are hashed apart.
     */
    function test_InnerNodeIsNoEntry() public {
        bytes32[] memory leaves = _leaves(4);
        bytes32 root = ReferenceTree.root(leaves, 0, 4);
        bytes memory forgedEntry = abi.encodePacked(leaves[0], leaves[1]);
        bytes32 uncle = ReferenceTree.root(leaves, 2, 4);
        vm.assertEq(sha256(forgedEntry) == ReferenceTree.nodeHash(leaves[0], leaves[1]) ? 1 : 0, 0, "prefixes matter");
        bytes32[] memory proof = ReferenceTree.append(new bytes32[](0), uncle);
        bytes32 forgedLeaf = ReferenceTree.leafHash(forgedEntry);
        vm.expectPartialRevert(Rfc9162.Rfc9162RootMismatch.selector);
        registry.verifyInclusion(forgedLeaf, 0, 2, root, proof);
        _refusedLength(1);
        registry.verifyInclusion(forgedLeaf, 0, 4, root, proof);
    }

    /**
     * @dev The limit of a verifier that is handed hashes: an inner node passes as a leaf if its caller also lies about the
     * size. So a caller hashes the entry itself and takes the size from the anchor, next to the root.
     */
    function test_CallerMustHashTheEntryAndTakeTheAnchorsSize() public {
        bytes32[] memory leaves = _leaves(4);
        bytes32 root = ReferenceTree.root(leaves, 0, 4);
        bytes32 inner = ReferenceTree.root(leaves, 0, 2);
        bytes32[] memory proof = ReferenceTree.append(new bytes32[](0), ReferenceTree.root(leaves, 2, 4));
        registry.verifyInclusion(inner, 0, 2, root, proof);
        _refusedLength(1);
        registry.verifyInclusion(inner, 0, 4, root, proof);
    }
}
