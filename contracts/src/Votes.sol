// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Action} from "./Action.sol";
import {Anchors} from "./Anchors.sol";
import {ILicenseRegistry} from "./ILicenseRegistry.sol";

/**
 * @title Votes: what members decide together
 * @notice More than half of the active members decide; the one it is about neither votes nor counts.
 * @dev Votes are counted when a proposal is carried out, over those who are active then. So an approval given by a member
 * that was suspended since does not count, and one admitted since counts against. Members are at most a few dozen, which
 * bounds the counting loop.
 *
 * NOTE: an approval is the member's, not its admin key's: it stands when the admin changes, and the new admin may withdraw
 * it.
 *
 * WARNING: with two active members, either one alone decides about the other (its admin, its anchors), though not its
 * suspension. A consortium should begin with at least three founders.
 */
abstract contract Votes is Anchors {
    /// @dev A proposal. All but the payload share a slot.
    struct Proposal {
        uint8 action;
        bool executed;
        uint32 target;
        uint32 proposer;
        uint64 expiresAt; // Unix time; 0: there is no such proposal
        bytes payload;
    }

    uint64 private constant LIFETIME = 14 days;

    uint256 private _count;
    mapping(uint256 id => Proposal) private _proposals;
    mapping(uint256 id => mapping(uint32 voter => bool)) private _approved;

    // ------------------------------------------------------------------------------------------------- by the admin

    /// @inheritdoc ILicenseRegistry
    function propose(uint32 proposer, uint8 action, uint32 target, bytes calldata payload)
        external
        returns (uint256 id)
    {
        _requireAdmin(proposer);
        _requireActive(proposer);
        _requirePayload(action, payload);
        if (action == Action.ADMIT) _requireNewcomer(target);
        else _requireMember(target);
        id = ++_count;
        uint64 expiresAt = uint64(block.timestamp) + LIFETIME;
        _proposals[id] = Proposal(action, false, target, proposer, expiresAt, payload);
        emit Proposed(id, action, target, proposer, payload, expiresAt);
        if (proposer != target) _approve(id, proposer);
    }

    /// @inheritdoc ILicenseRegistry
    function approve(uint256 id, uint32 voter) external {
        _requireAdmin(voter);
        _requireActive(voter);
        if (voter == _requireOpen(id).target) revert RegistryTargetMayNotVote(id, voter);
        if (_approved[id][voter]) revert RegistryAlreadyApproved(id, voter);
        _approve(id, voter);
    }

    /// @inheritdoc ILicenseRegistry
    function withdraw(uint256 id, uint32 voter) external {
        _requireAdmin(voter);
        _requireOpen(id);
        if (!_approved[id][voter]) revert RegistryNotApproved(id, voter);
        _approved[id][voter] = false;
        emit Withdrawn(id, voter);
    }

    // --------------------------------------------------------------------------------------------------- by anybody

    /// @inheritdoc ILicenseRegistry
    function execute(uint256 id) external {
        Proposal storage it = _settle(id);
        uint32 target = it.target;
        if (it.action == Action.ADMIT) {
            (address admin, address anchorer, bytes32 logId, string memory endpoint) = _decodeAdmission(it.payload);
            _admit(target, admin, anchorer, logId, endpoint);
        } else if (it.action == Action.SUSPEND) {
            _suspend(target);
        } else if (it.action == Action.REINSTATE) {
            _reinstate(target);
        } else if (it.action == Action.REPLACE_ADMIN) {
            _replaceAdmin(target, abi.decode(it.payload, (address)));
        } else if (it.action == Action.ADOPT) {
            (uint256 chainId, address registry, Anchor memory from, bytes32 digest) = _decodeAdoption(it.payload);
            _adopt(target, chainId, registry, from, digest);
        } else {
            revert RegistryWrongExecutor(id, it.action);
        }
    }

    /// @inheritdoc ILicenseRegistry
    function executeDisown(
        uint256 id,
        Anchor calldata target,
        bytes32 targetPrevious,
        Anchor calldata parent,
        bytes32 parentPrevious
    ) external {
        Proposal storage it = _settle(id);
        if (it.action != Action.DISOWN) revert RegistryWrongExecutor(id, it.action);
        uint64 fromSeq = abi.decode(it.payload, (uint64));
        _disown(it.target, fromSeq, target, targetPrevious, parent, parentPrevious);
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc ILicenseRegistry
    function proposals() external view returns (uint256) {
        return _count;
    }

    /// @inheritdoc ILicenseRegistry
    function proposal(uint256 id)
        external
        view
        returns (
            uint8 action,
            uint32 target,
            uint32 proposer,
            uint64 expiresAt,
            bool executed,
            bytes memory payload,
            uint256 approvals,
            uint256 eligible
        )
    {
        Proposal storage it = _requireProposal(id);
        (approvals, eligible) = _tally(id, it.target);
        return (it.action, it.target, it.proposer, it.expiresAt, it.executed, it.payload, approvals, eligible);
    }

    /// @inheritdoc ILicenseRegistry
    function hasApproved(uint256 id, uint32 voter) external view returns (bool) {
        _requireProposal(id);
        return _approved[id][voter];
    }

    // ------------------------------------------------------------------------------------------------------ counting

    /// @dev Close a proposal that has won its vote. The action that follows may still revert, and this with it.
    function _settle(uint256 id) private returns (Proposal storage it) {
        it = _requireOpen(id);
        (uint256 approvals, uint256 eligible) = _tally(id, it.target);
        if (approvals * 2 <= eligible) revert RegistryNotEnoughApprovals(id, approvals, eligible);
        it.executed = true;
        emit Executed(id, approvals, eligible);
    }

    /// @dev Who may vote now, and how many of them have approved. With nobody eligible nothing is ever decided: 0 ≤ 0.
    function _tally(uint256 id, uint32 target) private view returns (uint256 approvals, uint256 eligible) {
        uint32[] storage codes = _memberCodes();
        for (uint256 i = 0; i < codes.length; ++i) {
            uint32 voter = codes[i];
            if (voter == target || !_requireMember(voter).active) continue;
            ++eligible;
            if (_approved[id][voter]) ++approvals;
        }
    }

    /// @dev Note an approval.
    function _approve(uint256 id, uint32 voter) private {
        _approved[id][voter] = true;
        emit Approved(id, voter);
    }

    // -------------------------------------------------------------------------------------------------- requirements

    /// @dev A proposal that exists.
    function _requireProposal(uint256 id) private view returns (Proposal storage it) {
        it = _proposals[id];
        if (it.expiresAt == 0) revert RegistryUnknownProposal(id);
    }

    /// @dev A proposal that is neither carried out nor expired.
    function _requireOpen(uint256 id) private view returns (Proposal storage it) {
        it = _requireProposal(id);
        if (it.executed) revert RegistryProposalExecuted(id);
        if (block.timestamp >= it.expiresAt) revert RegistryProposalExpired(id, it.expiresAt);
    }

    /// @dev A payload that is what encoding its own arguments gives: what is voted on has one reading and can be executed.
    function _requirePayload(uint8 action, bytes calldata payload) private pure {
        bytes memory again;
        if (action == Action.ADMIT) {
            (address admin, address anchorer, bytes32 logId, string memory endpoint) = _decodeAdmission(payload);
            again = abi.encode(admin, anchorer, logId, endpoint);
        } else if (action == Action.REPLACE_ADMIN) {
            again = abi.encode(abi.decode(payload, (address)));
        } else if (action == Action.DISOWN) {
            again = abi.encode(abi.decode(payload, (uint64)));
        } else if (action == Action.ADOPT) {
            (uint256 chainId, address registry, Anchor memory from, bytes32 digest) = _decodeAdoption(payload);
            again = abi.encode(chainId, registry, from, digest);
        } else if (action != Action.SUSPEND && action != Action.REINSTATE) {
            revert RegistryUnknownAction(action);
        }
        if (keccak256(again) != keccak256(payload)) revert RegistryWrongPayload(action, payload);
    }

    /// @dev Arguments of an admission.
    function _decodeAdmission(bytes memory payload) private pure returns (address, address, bytes32, string memory) {
        return abi.decode(payload, (address, address, bytes32, string));
    }

    /// @dev Arguments of an adoption.
    function _decodeAdoption(bytes memory payload) private pure returns (uint256, address, Anchor memory, bytes32) {
        return abi.decode(payload, (uint256, address, Anchor, bytes32));
    }
}
