// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Sha256} from "./Sha256.sol";

/**
 * @title Proofs about a log, RFC 9162 section 2.1
 * @notice A member's log is a Merkle tree over its entries: leaf SHA-256(0x00 ‖ entry), inner node
 * SHA-256(0x01 ‖ left ‖ right). An inclusion proof shows that an entry stands at an index; a consistency proof shows that
 * a bigger tree begins with all the entries of a smaller one, unchanged and in order.
 * @dev Unlike trees of sorted pairs these prove position and growth. A proof has exactly one accepted length: both
 * algorithms walk the path from the last index, and it must end at the root when the proof ends, not before or after.
 */
library Rfc9162 {
    /// @dev Prefix of an inner node; leaves have 0x00, so a node can never be passed off as a leaf.
    uint8 private constant NODE = 0x01;

    /// @notice The index does not exist in a tree of that size.
    error Rfc9162IndexOutOfRange(uint64 index, uint64 size);
    /// @notice The sizes must be 0 < size1 ≤ size2: nothing can be said of an empty or a shrinking tree.
    error Rfc9162WrongSizes(uint64 size1, uint64 size2);
    /// @notice The proof has too few or too many hashes for these sizes.
    error Rfc9162ProofLength(uint256 length);
    /// @notice The proof leads to another root than the one that was given.
    error Rfc9162RootMismatch(bytes32 computed, bytes32 given);

    /**
     * @notice Check an inclusion proof (RFC 9162 section 2.1.3.2).
     * @param leaf Leaf hash of the entry.
     * @param index Its place in the log, from 0.
     * @param size Number of entries of the tree.
     * @param root Root of the tree.
     * @param proof Sibling hashes, from the leaf up.
     */
    function verifyInclusion(bytes32 leaf, uint64 index, uint64 size, bytes32 root, bytes32[] calldata proof)
        internal
        view
    {
        if (index >= size) revert Rfc9162IndexOutOfRange(index, size);
        bytes32 computed = leaf;
        uint64 last = size - 1;
        for (uint256 i = 0; i < proof.length; ++i) {
            if (last == 0) revert Rfc9162ProofLength(proof.length);
            if (_isRight(index, last)) {
                computed = Sha256.node(NODE, proof[i], computed);
                (index, last) = _climb(index, last);
            } else {
                computed = Sha256.node(NODE, computed, proof[i]);
            }
            (index, last) = (index >> 1, last >> 1);
        }
        if (last != 0) revert Rfc9162ProofLength(proof.length);
        if (computed != root) revert Rfc9162RootMismatch(computed, root);
    }

    /**
     * @notice Check a consistency proof (RFC 9162 section 2.1.4.2). Equal sizes need equal roots and an empty proof.
     * @param size1 Number of entries of the smaller tree, at least 1.
     * @param root1 Its root.
     * @param size2 Number of entries of the bigger tree.
     * @param root2 Its root.
     * @param proof The hashes, as the RFC orders them.
     */
    function verifyConsistency(uint64 size1, bytes32 root1, uint64 size2, bytes32 root2, bytes32[] calldata proof)
        internal
        view
    {
        if (size1 == 0 || size1 > size2) revert Rfc9162WrongSizes(size1, size2);
        if (size1 == size2) {
            if (proof.length != 0) revert Rfc9162ProofLength(proof.length);
            if (root1 != root2) revert Rfc9162RootMismatch(root1, root2);
            return;
        }
        if (proof.length == 0) revert Rfc9162ProofLength(0);
        (bytes32 computed1, bytes32 computed2) = _rootsFromProof(size1, root1, size2, proof);
        if (computed1 != root1) revert Rfc9162RootMismatch(computed1, root1);
        if (computed2 != root2) revert Rfc9162RootMismatch(computed2, root2);
    }

    /**
     * @notice The two roots that a consistency proof leads to, for 0 < size1 < size2 and a proof that is not empty.
     * @param size1 Number of entries of the smaller tree.
     * @param root1 Its root: the start of the path where size1 is a power of two and the proof leaves it out.
     * @param size2 Number of entries of the bigger tree.
     * @param proof The hashes.
     * @return computed1 What the root of the smaller tree has to be.
     * @return computed2 What the root of the bigger tree has to be.
     */
    function _rootsFromProof(uint64 size1, bytes32 root1, uint64 size2, bytes32[] calldata proof)
        private
        view
        returns (bytes32 computed1, bytes32 computed2)
    {
        uint256 used = 0; // hashes taken from the proof so far
        computed1 = size1 & (size1 - 1) == 0 ? root1 : proof[used++];
        computed2 = computed1;
        (uint64 index, uint64 last) = (size1 - 1, size2 - 1);
        while (index & 1 == 1) (index, last) = (index >> 1, last >> 1);
        for (; used < proof.length; ++used) {
            if (last == 0) revert Rfc9162ProofLength(proof.length);
            bytes32 sibling = proof[used];
            if (_isRight(index, last)) {
                computed1 = Sha256.node(NODE, sibling, computed1);
                computed2 = Sha256.node(NODE, sibling, computed2);
                (index, last) = _climb(index, last);
            } else {
                computed2 = Sha256.node(NODE, computed2, sibling);
            }
            (index, last) = (index >> 1, last >> 1);
        }
        if (last != 0) revert Rfc9162ProofLength(proof.length);
    }

    /// @dev Whether the node at `index` is a right child, or the last of its level with siblings only to its left.
    function _isRight(uint64 index, uint64 last) private pure returns (bool) {
        return index & 1 == 1 || index == last;
    }

    /// @dev Skip the levels on which a last node has no sibling and is carried up as it is.
    function _climb(uint64 index, uint64 last) private pure returns (uint64, uint64) {
        while (index & 1 == 0 && index != 0) (index, last) = (index >> 1, last >> 1);
        return (index, last);
    }
}
