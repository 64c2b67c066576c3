// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/**
 * @title What members decide together
 * @notice The numbers of the actions in {ILicenseRegistry-propose}, and the payload that each one carries.
 * @dev Plain numbers, not an enum: an unknown one is then refused by {ILicenseRegistry-RegistryUnknownAction} and not
 * by the ABI decoder, which reverts without a reason.
 */
library Action {
    /// @notice Admit a province. Payload: `abi.encode(address admin, address anchorer, bytes32 logId, string endpoint)`.
    uint8 internal constant ADMIT = 1;
    /// @notice Take an active member's rights to anchor, witness, vote and add keys. Empty payload.
    uint8 internal constant SUSPEND = 2;
    /// @notice Give them back. Empty payload.
    uint8 internal constant REINSTATE = 3;
    /// @notice Replace an admin whose key is lost or stolen. Payload: `abi.encode(address admin)`.
    uint8 internal constant REPLACE_ADMIN = 4;
    /// @notice Go back to the anchor before a given one. Payload: `abi.encode(uint64 fromSeq)`.
    uint8 internal constant DISOWN = 5;
    /// @notice Continue a log from another registry. Payload:
    /// `abi.encode(uint256 chainId, address registry, ILicenseRegistry.Anchor head, bytes32 digest)`.
    uint8 internal constant ADOPT = 6;
}
