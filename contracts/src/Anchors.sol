// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Directory} from "./Directory.sol";
import {ILicenseRegistry} from "./ILicenseRegistry.sol";
import {Rfc9162} from "./Rfc9162.sol";
import {Sha256} from "./Sha256.sol";

/**
 * @title Anchors: what each member's log has been
 * @notice Keeps one head per member and the digest of every anchor ever accepted. The rest of an anchor is in its event.
 * @dev Disowned anchors lie in ranges that always end at the newest anchor of their time. So the anchors that are *not*
 * disowned are, in the order of their numbers, exactly the chain that the head's digest stands on.
 */
abstract contract Anchors is Directory {
    /// @dev The newest anchor that is believed. The first four fields share a slot.
    struct Head {
        uint64 epoch; // of the next anchor
        uint64 seq; // 0: the log is empty
        uint64 size;
        uint64 lastSeq; // the highest number ever given
        bytes32 logRoot;
        bytes32 stateRoot;
    }

    /// @dev Anchors that were taken back, both ends included.
    struct Range {
        uint64 from;
        uint64 to;
    }

    mapping(uint32 code => Head) private _heads;
    mapping(uint32 code => mapping(uint64 seq => bytes32)) private _digests;
    mapping(uint32 code => Range[]) private _disowned;
    /// @dev Number of the head that a log brought along; 0: none.
    mapping(uint32 code => uint64 seq) private _adopted;
    mapping(uint32 code => mapping(uint64 seq => mapping(uint32 witness => bool))) private _witnessed;

    // ---------------------------------------------------------------------------------------------- by the anchorer

    /// @inheritdoc ILicenseRegistry
    function anchor(uint32 code, uint64 size, bytes32 logRoot, bytes32 stateRoot, bytes32[] calldata consistency)
        external
    {
        bytes32 logId = _requireAnchorer(code).logId;
        Head memory current = _heads[code];
        if (size <= current.size) revert RegistryNotGrowing(size, current.size);
        _requireSize(size);
        if (current.seq != 0) {
            Rfc9162.verifyConsistency(current.size, current.logRoot, size, logRoot, consistency);
        } else if (consistency.length != 0) {
            revert RegistryUnexpectedProof(consistency.length);
        }
        uint64 seq = current.lastSeq + 1;
        bytes32 previous = current.seq == 0 ? logId : _digests[code][current.seq];
        _digests[code][seq] = _digest(previous, Anchor(code, current.epoch, seq, size, logRoot, stateRoot));
        _heads[code] = Head(current.epoch, seq, size, seq, logRoot, stateRoot);
        emit Anchored(code, seq, current.epoch, size, logRoot, stateRoot);
    }

    /// @inheritdoc ILicenseRegistry
    function witness(uint32 code, uint64 seq, bytes32 digest) external {
        uint32 by = _memberOf(msg.sender);
        _requireAnchorer(by);
        if (by == code) revert RegistrySelfWitness(code);
        _requireBelieved(code, seq, digest);
        if (_witnessed[code][seq][by]) revert RegistryAlreadyWitnessed(code, seq, by);
        _witnessed[code][seq][by] = true;
        emit Witnessed(code, seq, by, digest);
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc ILicenseRegistry
    function head(uint32 code)
        external
        view
        returns (uint64 epoch, uint64 seq, uint64 size, bytes32 logRoot, bytes32 stateRoot, bytes32 digest)
    {
        bytes32 logId = _requireMember(code).logId;
        Head memory current = _heads[code];
        if (current.seq == 0) return (current.epoch, 0, 0, Sha256.hash(""), 0, logId);
        digest = _digests[code][current.seq];
        return (current.epoch, current.seq, current.size, current.logRoot, current.stateRoot, digest);
    }

    /// @inheritdoc ILicenseRegistry
    function anchorDigest(uint32 code, uint64 seq) external view returns (bytes32) {
        _requireMember(code);
        return _digests[code][seq];
    }

    /// @inheritdoc ILicenseRegistry
    function isDisowned(uint32 code, uint64 seq) external view returns (bool) {
        _requireMember(code);
        return _isDisowned(code, seq);
    }

    /// @inheritdoc ILicenseRegistry
    function hasWitnessed(uint32 code, uint64 seq, uint32 by) external view returns (bool) {
        return _witnessed[code][seq][by];
    }

    // ----------------------------------------------------------------------------------------- by vote (see Votes.sol)

    /**
     * @dev Go back to the anchor before `fromSeq`. The stored digest proves `target`; the previous digest inside it names
     * the parent, whose own preimage proves what the head was. So this is right after any number of earlier calls.
     */
    function _disown(
        uint32 code,
        uint64 fromSeq,
        Anchor calldata target,
        bytes32 targetPrevious,
        Anchor calldata parent,
        bytes32 parentPrevious
    ) internal {
        if (target.member != code || target.seq != fromSeq) {
            revert RegistryWrongAnchor(target.member, target.seq);
        }
        _requireBelieved(code, fromSeq, _digest(targetPrevious, target));
        if (fromSeq == _adopted[code]) revert RegistryAdoptedHead(code, fromSeq);
        Head memory back = Head(_heads[code].epoch + 1, 0, 0, _heads[code].lastSeq, 0, 0);
        if (targetPrevious != _requireMember(code).logId) {
            _requireParent(code, targetPrevious, parent, parentPrevious);
            (back.seq, back.size) = (parent.seq, parent.size);
            (back.logRoot, back.stateRoot) = (parent.logRoot, parent.stateRoot);
        }
        _heads[code] = back;
        _disowned[code].push(Range(fromSeq, back.lastSeq));
        emit Disowned(code, fromSeq, back.lastSeq, back.epoch, back.seq, back.size);
    }

    /// @dev Take over the head of a log that was anchored elsewhere; the next anchor extends its digest.
    function _adopt(uint32 code, uint256 chainId, address registry, Anchor memory from, bytes32 digest) internal {
        uint64 lastSeq = _lastSeq(code);
        if (lastSeq != 0) revert RegistryHasAnchors(code, lastSeq);
        bool here = chainId == block.chainid && registry == address(this);
        bool empty = from.seq == 0 || from.size == 0 || digest == 0 || digest == _requireMember(code).logId;
        if (here || empty || from.member != code || registry == address(0)) revert RegistryWrongAdoption(code);
        _requireSize(from.size);
        _heads[code] = Head(from.epoch, from.seq, from.size, from.seq, from.logRoot, from.stateRoot);
        _digests[code][from.seq] = digest;
        _adopted[code] = from.seq;
        emit Adopted(code, chainId, registry, from.epoch, from.seq, from.size, from.logRoot, from.stateRoot, digest);
    }

    /// @dev Number of the member's newest anchor, disowned or not; 0 if there is none.
    function _lastSeq(uint32 code) internal view returns (uint64) {
        return _heads[code].lastSeq;
    }

    // -------------------------------------------------------------------------------------------------- requirements

    /// @dev An anchor that is on record with that digest and was not taken back.
    function _requireBelieved(uint32 code, uint64 seq, bytes32 digest) private view {
        bytes32 stored = _digests[code][seq];
        if (stored == 0) revert RegistryUnknownAnchor(code, seq);
        if (digest != stored) revert RegistryDigestMismatch(digest, stored);
        if (_isDisowned(code, seq)) revert RegistryAnchorDisowned(code, seq);
    }

    /// @dev The anchor that has a digest: by its preimage, and on record here (not in a predecessor registry).
    function _requireParent(uint32 code, bytes32 digest, Anchor calldata parent, bytes32 parentPrevious) private view {
        bytes32 computed = _digest(parentPrevious, parent);
        if (computed != digest) revert RegistryDigestMismatch(computed, digest);
        if (_digests[code][parent.seq] != digest) revert RegistryUnknownAnchor(code, parent.seq);
    }

    /// @dev Whether an anchor lies in a range that was taken back. There are as many ranges as votes that did so: few.
    function _isDisowned(uint32 code, uint64 seq) private view returns (bool) {
        Range[] storage ranges = _disowned[code];
        for (uint256 i = 0; i < ranges.length; ++i) {
            if (ranges[i].from <= seq && seq <= ranges[i].to) return true;
        }
        return false;
    }

    /// @dev Digest of an anchor: seven 32-byte words, big endian.
    function _digest(bytes32 previous, Anchor memory it) private view returns (bytes32) {
        return Sha256.hash(abi.encode(previous, it.member, it.epoch, it.seq, it.size, it.logRoot, it.stateRoot));
    }
}
