// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ILicenseRegistry} from "./ILicenseRegistry.sol";
import {Rfc9162} from "./Rfc9162.sol";
import {Sha256} from "./Sha256.sol";
import {StateMap} from "./StateMap.sol";
import {Votes} from "./Votes.sol";

/**
 * @title The registry, deployed as one contract
 * @notice The directory, the anchors and the votes of `Directory.sol`, `Anchors.sol` and `Votes.sol`, and the verifiers of
 * proofs as views. No owner, no proxy: what is deployed stays. A successor is deployed beside it and adopts the logs.
 */
contract LicenseRegistry is Votes {
    /// @dev SHA-256("abc"), FIPS 180-4's own example.
    bytes32 private constant SHA256_ABC = 0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad;

    /**
     * @notice Begin a registry. It refuses a chain whose SHA-256 does not give the known answer.
     * @param founders The first members, at least one; {ILicenseRegistry-Founder}.
     */
    constructor(Founder[] memory founders) {
        bytes32 got = Sha256.hash("abc");
        if (got != SHA256_ABC) revert RegistryWrongSha256(got, SHA256_ABC);
        if (founders.length == 0) revert RegistryNoFounders();
        for (uint256 i = 0; i < founders.length; ++i) {
            Founder memory it = founders[i];
            _admit(it.member, it.admin, it.anchorer, it.logId, it.endpoint);
        }
    }

    /// @inheritdoc ILicenseRegistry
    function member(uint32 code)
        external
        view
        returns (
            bytes32 logId,
            address admin,
            address anchorer,
            address pendingAdmin,
            bool active,
            uint64 admittedAt,
            uint64 lastSeq,
            string memory endpoint
        )
    {
        Member storage it = _requireMember(code);
        (logId, admin, anchorer, pendingAdmin) = (it.logId, it.admin, it.anchorer, it.pendingAdmin);
        (active, admittedAt, lastSeq, endpoint) = (it.active, it.admittedAt, _lastSeq(code), it.endpoint);
    }

    /// @inheritdoc ILicenseRegistry
    function verifyInclusion(bytes32 leaf, uint64 index, uint64 size, bytes32 root, bytes32[] calldata proof)
        external
        view
    {
        Rfc9162.verifyInclusion(leaf, index, size, root, proof);
    }

    /// @inheritdoc ILicenseRegistry
    function verifyConsistency(uint64 size1, bytes32 root1, uint64 size2, bytes32 root2, bytes32[] calldata proof)
        external
        view
    {
        Rfc9162.verifyConsistency(size1, root1, size2, root2, proof);
    }

    /// @inheritdoc ILicenseRegistry
    function verifyState(
        bytes32 root,
        bytes32 subject,
        bytes32 value,
        bytes32 otherKey,
        bytes32 otherValue,
        bytes32[] calldata proof
    ) external view {
        StateMap.verify(root, subject, value, otherKey, otherValue, proof);
    }
}
