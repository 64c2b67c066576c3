// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/**
 * @notice The log's tree as RFC 9162 section 2.1 defines it, by recursion over all leaf hashes: slow and obvious.
 * @dev Shares no code with what it checks, not even the hash.
 */
library ReferenceTree {
    function leafHash(bytes memory entry) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(uint8(0), entry));
    }

    function nodeHash(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(uint8(1), left, right));
    }

    /// @dev MTH(D[from:to]).
    function root(bytes32[] memory leaves, uint256 from, uint256 to) internal pure returns (bytes32) {
        if (from == to) return sha256("");
        if (to - from == 1) return leaves[from];
        uint256 middle = from + split(to - from);
        return nodeHash(root(leaves, from, middle), root(leaves, middle, to));
    }

    /// @dev PATH(index, D[from:to]), section 2.1.3.1.
    function path(bytes32[] memory leaves, uint256 index, uint256 from, uint256 to)
        internal
        pure
        returns (bytes32[] memory)
    {
        if (to - from == 1) return new bytes32[](0);
        uint256 middle = from + split(to - from);
        if (index < middle) return append(path(leaves, index, from, middle), root(leaves, middle, to));
        return append(path(leaves, index, middle, to), root(leaves, from, middle));
    }

    /// @dev PROOF(size, D[0:to]), section 2.1.4.1.
    function consistency(bytes32[] memory leaves, uint256 size, uint256 to) internal pure returns (bytes32[] memory) {
        return subproof(leaves, size, 0, to, true);
    }

    /// @dev SUBPROOF(size - from, D[from:to], whole).
    function subproof(bytes32[] memory leaves, uint256 size, uint256 from, uint256 to, bool whole)
        internal
        pure
        returns (bytes32[] memory)
    {
        if (size == to) {
            return whole ? new bytes32[](0) : append(new bytes32[](0), root(leaves, from, to));
        }
        uint256 middle = from + split(to - from);
        if (size <= middle) return append(subproof(leaves, size, from, middle, whole), root(leaves, middle, to));
        return append(subproof(leaves, size, middle, to, false), root(leaves, from, middle));
    }

    /// @dev The largest power of two smaller than n.
    function split(uint256 n) internal pure returns (uint256 k) {
        for (k = 1; k * 2 < n; k *= 2) {}
    }

    function append(bytes32[] memory list, bytes32 last) internal pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) {
            longer[i] = list[i];
        }
        longer[list.length] = last;
    }
}

/**
 * @notice A log whose entries are all the same: full subtrees of one height then have one hash, so roots and proofs for
 * a million entries come from the same recursion in a few steps. For measuring gas.
 */
library UniformTree {
    function root(bytes32 leaf, uint256 size) internal pure returns (bytes32) {
        if (size == 1) return leaf;
        uint256 k = ReferenceTree.split(size);
        if (k * 2 == size) return perfect(leaf, size);
        return ReferenceTree.nodeHash(perfect(leaf, k), root(leaf, size - k));
    }

    function perfect(bytes32 leaf, uint256 size) internal pure returns (bytes32 hash) {
        hash = leaf;
        for (; size > 1; size /= 2) {
            hash = ReferenceTree.nodeHash(hash, hash);
        }
    }

    /// @dev SUBPROOF(size1, D[size2], whole).
    function consistency(bytes32 leaf, uint256 size1, uint256 size2, bool whole)
        internal
        pure
        returns (bytes32[] memory)
    {
        if (size1 == size2) {
            return whole ? new bytes32[](0) : ReferenceTree.append(new bytes32[](0), root(leaf, size1));
        }
        uint256 k = ReferenceTree.split(size2);
        if (size1 <= k) {
            return ReferenceTree.append(consistency(leaf, size1, k, whole), root(leaf, size2 - k));
        }
        return ReferenceTree.append(consistency(leaf, size1 - k, size2 - k, false), perfect(leaf, k));
    }
}

/// @notice The state map by its definition: a pure function of all pairs, by recursion over the bits of the key.
library ReferenceMap {
    struct Pair {
        bytes32 key;
        bytes32 value;
    }

    function leafHash(Pair memory pair) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(uint8(2), pair.key, pair.value));
    }

    function root(Pair[] memory pairs, uint256 depth) internal pure returns (bytes32) {
        if (pairs.length == 0) return 0;
        if (pairs.length == 1) return leafHash(pairs[0]);
        bytes32 left = root(side(pairs, depth, 0), depth + 1);
        bytes32 right = root(side(pairs, depth, 1), depth + 1);
        return sha256(abi.encodePacked(uint8(3), left, right));
    }

    /// @dev Siblings of a key, deepest first, and the pairs (none or one) that its path ends in.
    function prove(Pair[] memory pairs, bytes32 key, uint256 depth)
        internal
        pure
        returns (bytes32[] memory siblings, Pair[] memory end)
    {
        if (pairs.length <= 1) return (new bytes32[](0), pairs);
        uint256 bit = (uint256(key) >> (255 - depth)) & 1;
        (siblings, end) = prove(side(pairs, depth, bit), key, depth + 1);
        siblings = ReferenceTree.append(siblings, root(side(pairs, depth, 1 - bit), depth + 1));
    }

    /// @dev The pairs whose key has that bit at that depth.
    function side(Pair[] memory pairs, uint256 depth, uint256 bit) internal pure returns (Pair[] memory found) {
        uint256 count = 0;
        found = new Pair[](pairs.length);
        for (uint256 i = 0; i < pairs.length; ++i) {
            if ((uint256(pairs[i].key) >> (255 - depth)) & 1 == bit) found[count++] = pairs[i];
        }
        Pair[] memory exact = new Pair[](count);
        for (uint256 i = 0; i < count; ++i) {
            exact[i] = found[i];
        }
        return exact;
    }
}
