// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ILicenseRegistry} from "./ILicenseRegistry.sol";
import {Sha256} from "./Sha256.sol";

/**
 * @title The directory: members, their accounts and their public keys
 * @notice What a member's admin changes by itself, and what a vote changes for it.
 * @dev Nothing here is ever deleted: keys are marked revoked, members suspended, and an address that served once never
 * serves again, so whatever was signed or sent can be traced to one member and one role for good.
 *
 * NOTE: an offered or admitted address is claimed by whoever gets there first. A member could claim an address that another
 * is about to use; the other then takes a fresh one. Between members that know each other this costs a transaction.
 */
abstract contract Directory is ILicenseRegistry {
    /// @dev A member. The first three fields share a slot: they are all that an anchor reads.
    struct Member {
        address anchorer;
        bool active;
        uint64 admittedAt; // block
        address admin;
        address pendingAdmin; // 0: nobody is on offer
        bytes32 logId;
        string endpoint;
    }

    /// @dev A public key. All but its bytes share a slot.
    struct Key {
        uint32 owner; // member; 0: there is no such key
        uint8 purpose;
        uint64 addedAt; // block
        uint64 revokedAt; // block; 0: not revoked
        uint64 cutOff; // first disbelieved index; NO_CUT_OFF: none
        bytes publicKey;
    }

    uint8 private constant CREDENTIAL = 1;
    uint8 private constant CHECKPOINT = 3;
    uint64 private constant NO_CUT_OFF = type(uint64).max;
    uint256 private constant MAX_ENDPOINT = 255;
    /// @dev Sizes stand as numbers in JSON, where 2^53 and above are not exact: one such size would end all trust files.
    uint64 private constant MAX_SIZE = 2 ** 53 - 1;

    mapping(uint32 code => Member) private _members;
    uint32[] private _codes;
    uint256 private _active;
    /// @dev Whose an address is or was, in whatever role. Codes are never 0, so 0 means unused.
    mapping(address account => uint32 code) private _usedBy;
    mapping(bytes32 logId => uint32 code) private _logOf;
    mapping(bytes32 keyId => Key) private _keys;

    // ------------------------------------------------------------------------------------------------- by the admin

    /// @inheritdoc ILicenseRegistry
    function offerAdmin(uint32 code, address newAdmin) external {
        Member storage record = _requireAdmin(code);
        _claim(newAdmin, code);
        record.pendingAdmin = newAdmin;
        emit AdminOffered(code, newAdmin);
    }

    /// @inheritdoc ILicenseRegistry
    function acceptAdmin(uint32 code) external {
        Member storage record = _requireMember(code);
        if (msg.sender != record.pendingAdmin) revert RegistryNotOffered(code, msg.sender);
        _changeAdmin(code, msg.sender);
    }

    /// @inheritdoc ILicenseRegistry
    function setAnchorer(uint32 code, address newAnchorer) external {
        Member storage record = _requireAdmin(code);
        _claim(newAnchorer, code);
        address previous = record.anchorer;
        record.anchorer = newAnchorer;
        emit AnchorerChanged(code, previous, newAnchorer);
    }

    /// @inheritdoc ILicenseRegistry
    function setEndpoint(uint32 code, string calldata newEndpoint) external {
        Member storage record = _requireAdmin(code);
        _requireEndpoint(newEndpoint);
        record.endpoint = newEndpoint;
        emit EndpointChanged(code, newEndpoint);
    }

    /// @inheritdoc ILicenseRegistry
    function addKey(uint32 code, uint8 purpose, bytes calldata publicKey) external {
        _requireAdmin(code);
        _requireActive(code);
        _requirePublicKey(purpose, publicKey);
        bytes32 keyId = Sha256.hash(publicKey);
        uint32 owner = _keys[keyId].owner;
        if (owner != 0) revert RegistryKeyExists(keyId, owner);
        _keys[keyId] = Key(code, purpose, uint64(block.number), 0, NO_CUT_OFF, publicKey);
        emit KeyAdded(code, purpose, keyId, publicKey);
    }

    /// @inheritdoc ILicenseRegistry
    function revokeKey(uint32 code, bytes32 keyId) external {
        _requireAdmin(code);
        Key storage record = _requireKey(code, keyId);
        if (record.revokedAt != 0) revert RegistryKeyRevoked(keyId, record.revokedAt);
        record.revokedAt = uint64(block.number);
        emit KeyRevoked(code, keyId);
    }

    /// @inheritdoc ILicenseRegistry
    function compromisedFrom(uint32 code, bytes32 keyId, uint64 size) external {
        _requireAdmin(code);
        Key storage record = _requireKey(code, keyId);
        if (size >= record.cutOff) revert RegistryCutOffNotLower(keyId, size, record.cutOff);
        _requireSize(size);
        record.cutOff = size;
        emit KeyCompromised(code, keyId, size);
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc ILicenseRegistry
    function members() external view returns (uint32[] memory) {
        return _codes;
    }

    /// @inheritdoc ILicenseRegistry
    function activeMembers() external view returns (uint256) {
        return _active;
    }

    /// @inheritdoc ILicenseRegistry
    function key(uint32 code, bytes32 keyId)
        external
        view
        returns (uint8 purpose, uint64 addedAt, uint64 revokedAt, uint64 cutOff, bytes memory publicKey)
    {
        Key storage record = _requireKey(code, keyId);
        return (record.purpose, record.addedAt, record.revokedAt, record.cutOff, record.publicKey);
    }

    // ----------------------------------------------------------------------------------------- by vote (see Votes.sol)

    /// @dev Add a member; the constructor's founders and admitted ones come in by the same door.
    function _admit(uint32 code, address admin, address anchorer, bytes32 logId, string memory endpoint) internal {
        _requireNewcomer(code);
        if (logId == 0) revert RegistryZeroLogId(code);
        if (_logOf[logId] != 0) revert RegistryLogIdUsed(logId, _logOf[logId]);
        _requireEndpoint(endpoint);
        _claim(admin, code);
        _claim(anchorer, code);
        _logOf[logId] = code;
        _members[code] = Member(anchorer, true, uint64(block.number), admin, address(0), logId, endpoint);
        _codes.push(code);
        ++_active;
        emit MemberAdmitted(code, admin, anchorer, logId, endpoint);
    }

    /// @dev Suspend an active member, if three are active: two can then still watch each other.
    function _suspend(uint32 code) internal {
        _requireActive(code);
        if (_active < 3) revert RegistryTooFewMembers(_active);
        _members[code].active = false;
        --_active;
        emit MemberSuspended(code);
    }

    /// @dev Make a suspended member active again.
    function _reinstate(uint32 code) internal {
        Member storage record = _requireMember(code);
        if (record.active) revert RegistryMemberActive(code);
        record.active = true;
        ++_active;
        emit MemberReinstated(code);
    }

    /// @dev Give a member a new admin over the old one's head.
    function _replaceAdmin(uint32 code, address admin) internal {
        _requireMember(code);
        _claim(admin, code);
        _changeAdmin(code, admin);
    }

    // -------------------------------------------------------------------------------------------------- requirements

    /// @dev The member of that code, which must exist.
    function _requireMember(uint32 code) internal view returns (Member storage record) {
        record = _members[code];
        if (record.admittedAt == 0) revert RegistryUnknownMember(code);
    }

    /// @dev The member of that code, which must exist and not be suspended.
    function _requireActive(uint32 code) internal view returns (Member storage record) {
        record = _requireMember(code);
        if (!record.active) revert RegistryMemberSuspended(code);
    }

    /// @dev The member of that code, whose admin must be calling.
    function _requireAdmin(uint32 code) internal view returns (Member storage record) {
        record = _requireMember(code);
        if (msg.sender != record.admin) revert RegistryNotAdmin(code, msg.sender);
    }

    /// @dev The member of that code, which must be active and whose anchorer must be calling.
    function _requireAnchorer(uint32 code) internal view returns (Member storage record) {
        record = _requireActive(code);
        if (msg.sender != record.anchorer) revert RegistryNotAnchorer(code, msg.sender);
    }

    /// @dev A province code that no member has.
    function _requireNewcomer(uint32 code) internal view {
        if (code < 110000 || code > 820000 || code % 10000 != 0) revert RegistryWrongCode(code);
        if (_members[code].admittedAt != 0) revert RegistryMemberExists(code);
    }

    /// @dev Members in the order of admission, for counting votes.
    function _memberCodes() internal view returns (uint32[] storage) {
        return _codes;
    }

    /// @dev The member that an address belongs or belonged to; 0 if it never served.
    function _memberOf(address account) internal view returns (uint32) {
        return _usedBy[account];
    }

    /// @dev A key of that member, which must exist.
    function _requireKey(uint32 code, bytes32 keyId) private view returns (Key storage record) {
        record = _keys[keyId];
        if (code == 0 || record.owner != code) revert RegistryUnknownKey(code, keyId);
    }

    /// @dev One of the two spellings of a public key: see {ILicenseRegistry-addKey}.
    function _requirePublicKey(uint8 purpose, bytes calldata publicKey) private pure {
        if (purpose < CREDENTIAL || purpose > CHECKPOINT) revert RegistryWrongPurpose(purpose);
        bool good = purpose == CREDENTIAL
            ? publicKey.length == 33 && (publicKey[0] == 0x02 || publicKey[0] == 0x03)
            : publicKey.length == 32;
        if (!good) revert RegistryWrongPublicKey(purpose, publicKey);
    }

    /// @dev A number of entries, or an index, that every reader of JSON keeps exactly.
    function _requireSize(uint64 size) internal pure {
        if (size > MAX_SIZE) revert RegistrySizeTooBig(size, MAX_SIZE);
    }

    /// @dev An endpoint of bounded length: it is stored and repeated in events.
    function _requireEndpoint(string memory endpoint) private pure {
        if (bytes(endpoint).length > MAX_ENDPOINT) revert RegistryEndpointTooLong(bytes(endpoint).length);
    }

    // ------------------------------------------------------------------------------------------------------- changes

    /// @dev Take an address into use, for good.
    function _claim(address account, uint32 code) private {
        if (account == address(0)) revert RegistryZeroAddress(code);
        if (_usedBy[account] != 0) revert RegistryAddressUsed(account, _usedBy[account]);
        _usedBy[account] = code;
    }

    /// @dev Change the admin and drop any offer: one made with a stolen key must not outlive the replacement.
    function _changeAdmin(uint32 code, address admin) private {
        Member storage record = _members[code];
        address previous = record.admin;
        record.admin = admin;
        record.pendingAdmin = address(0);
        emit AdminChanged(code, previous, admin);
    }
}
