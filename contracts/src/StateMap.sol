// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Sha256} from "./Sha256.sol";

/**
 * @title Proofs about the state map
 * @notice A sparse Merkle map from a subject to the leaf hash of its newest entry. An empty subtree is 32 zero bytes; a
 * subtree with one leaf is that leaf, SHA-256(0x02 ‖ key ‖ value); any other is SHA-256(0x03 ‖ left ‖ right). Bits of the
 * key are read from the most significant one. Values are never zero.
 * @dev A proof lists the siblings deepest first. Each statement has one accepted spelling: words that a kind of proof
 * does not use must be zero, and the deepest sibling is never zero, for a subtree with one leaf would have collapsed.
 */
library StateMap {
    uint8 private constant LEAF = 0x02;
    uint8 private constant NODE = 0x03;
    /// @dev A key has 256 bits, so no path is longer.
    uint256 private constant MAX_DEPTH = 256;

    /// @notice More siblings than a key has bits.
    error StateMapProofTooLong(uint256 length);
    /// @notice The deepest sibling is empty: the subtree would have collapsed to its one leaf.
    error StateMapNotCollapsed();
    /// @notice A leaf of another key was named where this kind of proof has none.
    error StateMapUnexpectedLeaf(bytes32 otherKey, bytes32 otherValue);
    /// @notice The other leaf has the subject's own key, or does not lie on the subject's path.
    error StateMapForeignLeaf(bytes32 subject, bytes32 otherKey, uint256 depth);
    /// @notice The proof leads to another root than the one that was given.
    error StateMapRootMismatch(bytes32 computed, bytes32 given);

    /**
     * @notice Check that a subject has a value, or (with value 0) that it has none.
     * @param root Root of the map.
     * @param subject The key.
     * @param value Its value; 0 to prove absence.
     * @param otherKey For absence where the path ends in another key's leaf: that key. Otherwise 0.
     * @param otherValue That leaf's value. Otherwise 0.
     * @param proof Siblings, deepest first, at most 256.
     */
    function verify(
        bytes32 root,
        bytes32 subject,
        bytes32 value,
        bytes32 otherKey,
        bytes32 otherValue,
        bytes32[] calldata proof
    ) internal view {
        uint256 depth = proof.length;
        if (depth > MAX_DEPTH) revert StateMapProofTooLong(depth);
        if (depth > 0 && proof[0] == 0) revert StateMapNotCollapsed();
        bytes32 computed = _end(subject, value, otherKey, otherValue, depth);
        for (uint256 i = 0; i < depth; ++i) {
            // The sibling proof[i] hangs at bit depth - 1 - i, counted from the most significant.
            bool right = (uint256(subject) >> (MAX_DEPTH - depth + i)) & 1 == 1;
            computed = right ? Sha256.node(NODE, proof[i], computed) : Sha256.node(NODE, computed, proof[i]);
        }
        if (computed != root) revert StateMapRootMismatch(computed, root);
    }

    /**
     * @notice The hash that the path ends in: the subject's leaf, an empty subtree, or another key's leaf.
     * @param subject The key.
     * @param value Its value; 0 for absence.
     * @param otherKey The other leaf's key, or 0.
     * @param otherValue The other leaf's value, or 0 where the subtree is empty.
     * @param depth How many bits of the path stand above the end.
     * @return The hash.
     */
    function _end(bytes32 subject, bytes32 value, bytes32 otherKey, bytes32 otherValue, uint256 depth)
        private
        view
        returns (bytes32)
    {
        if (value != 0 || otherValue == 0) {
            if (otherKey != 0 || otherValue != 0) revert StateMapUnexpectedLeaf(otherKey, otherValue);
            return value == 0 ? bytes32(0) : Sha256.node(LEAF, subject, value);
        }
        // A shift by 256 bits gives 0: at depth 0 every key is on the path.
        bool foreign = (uint256(subject ^ otherKey) >> (MAX_DEPTH - depth)) != 0;
        if (otherKey == subject || foreign) revert StateMapForeignLeaf(subject, otherKey, depth);
        return Sha256.node(LEAF, otherKey, otherValue);
    }
}
