// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/**
 * @title SHA-256 that cannot fail silently
 * @notice Calls the precompile at address 2 and checks both that the call succeeded and that it returned 32 bytes.
 * @dev Solidity's own `sha256` does not look at the size of what is returned: on a chain without the precompile the call
 * reaches an empty account, succeeds and returns nothing, and the "hash" is whatever was in memory.
 */
library Sha256 {
    /// @notice This chain has no working SHA-256 precompile.
    error Sha256Unavailable();

    /**
     * @notice The hash of any bytes.
     * @param data What is hashed.
     * @return digest SHA-256(data).
     */
    function hash(bytes memory data) internal view returns (bytes32 digest) {
        (bool ok, bytes memory result) = address(2).staticcall(data);
        if (!ok || result.length != 32) revert Sha256Unavailable();
        return abi.decode(result, (bytes32));
    }

    /**
     * @notice SHA-256(prefix ‖ left ‖ right): the one shape of every node of both trees.
     * @dev Assembly, because the gas budget of an anchor asks for it: a consistency proof at a million entries takes up to
     * 39 of these, and through {hash} each costs about 760 gas more (65 bytes are copied three times instead of never), in
     * all 119,000 instead of 98,000 gas. It writes only behind the free memory pointer and to the scratch word, as
     * "memory-safe" allows.
     * @param prefix One byte that keeps the kinds of nodes apart.
     * @param left First 32 bytes.
     * @param right Second 32 bytes.
     * @return digest The hash.
     */
    function node(uint8 prefix, bytes32 left, bytes32 right) internal view returns (bytes32 digest) {
        bool ok;
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore8(input, prefix)
            mstore(add(input, 1), left)
            mstore(add(input, 33), right)
            ok := and(eq(returndatasize(), 32), staticcall(gas(), 2, input, 65, 0, 32)) // right to left
            digest := mload(0)
        }
        if (!ok) revert Sha256Unavailable();
    }
}
