// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/**
 * @title The registry that provinces share
 * @notice Who issues business licences with which keys, and which state of its log each of them has committed to. The
 * registry refuses any log root that is not an extension of the one before. It has no owner and cannot be upgraded.
 *
 * `code` is always a member's GB/T 2260 province code, such as 500000. Sizes count log entries. Blocks are block numbers.
 *
 * In errors, `code` is the member that the call was about, `caller` who called, `usedBy` or `owner` the member that has
 * something already, and `got` and `want` a value and what it should have been; the rest are arguments of the call or, as
 * `current`, what is on record.
 *
 * NOTE: nothing personal ever gets here. Roots and digests are hashes over salted material; the only free text is the
 * endpoint's address.
 */
interface ILicenseRegistry {
    // ----------------------------------------------------------------------------------------------------------- types

    /**
     * @notice One of the members that a registry begins with.
     * @param member Its province code.
     * @param admin Account that manages the member and votes for it; meant to be kept cold.
     * @param anchorer Account that anchors and witnesses; meant to be hot.
     * @param logId Identity of its log, 32 bytes.
     * @param endpoint Where its node is reached; may be empty.
     */
    struct Founder {
        uint32 member;
        address admin;
        address anchorer;
        bytes32 logId;
        string endpoint;
    }

    /**
     * @notice A state of a log that a member has committed to. Its digest is SHA-256(abi.encode(previous digest, member,
     * epoch, seq, size, logRoot, stateRoot)); the first anchor's previous digest is the log id.
     * @param member The member whose log it is.
     * @param epoch How often the log had been taken back by {executeDisown} when this was anchored.
     * @param seq Number of the anchor, from 1, never used twice.
     * @param size Number of entries.
     * @param logRoot RFC 9162 root over the entries.
     * @param stateRoot Root of the state map after the last entry.
     */
    struct Anchor {
        uint32 member;
        uint64 epoch;
        uint64 seq;
        uint64 size;
        bytes32 logRoot;
        bytes32 stateRoot;
    }

    // ------------------------------------------------------------------------------------------------ events: directory

    /// @notice A member joined.
    /// @param member Its province code.
    /// @param admin Its admin.
    /// @param anchorer Its anchorer.
    /// @param logId Identity of its log.
    /// @param endpoint Where its node is reached.
    event MemberAdmitted(uint32 indexed member, address admin, address anchorer, bytes32 logId, string endpoint);
    /// @notice A member may no longer anchor, witness, vote or add keys.
    /// @param member The member.
    event MemberSuspended(uint32 indexed member);
    /// @notice A suspended member is active again.
    /// @param member The member.
    event MemberReinstated(uint32 indexed member);
    /// @notice The admin named a successor, who has to accept.
    /// @param member The member.
    /// @param offered The successor.
    event AdminOffered(uint32 indexed member, address offered);
    /// @notice The admin changed, by acceptance or by vote.
    /// @param member The member.
    /// @param previous The admin until now.
    /// @param admin The admin from now on.
    event AdminChanged(uint32 indexed member, address previous, address admin);
    /// @notice The anchorer changed.
    /// @param member The member.
    /// @param previous The anchorer until now.
    /// @param anchorer The anchorer from now on.
    event AnchorerChanged(uint32 indexed member, address previous, address anchorer);
    /// @notice The endpoint changed.
    /// @param member The member.
    /// @param endpoint Where its node is reached from now on.
    event EndpointChanged(uint32 indexed member, string endpoint);
    /// @notice A public key was added.
    /// @param member Its owner.
    /// @param purpose 1 credential, 2 exchange, 3 checkpoint.
    /// @param keyId SHA-256 of the key.
    /// @param publicKey The key: compressed P-256 (33 bytes) for credentials, else Ed25519 (32 bytes).
    event KeyAdded(uint32 indexed member, uint8 indexed purpose, bytes32 indexed keyId, bytes publicKey);
    /// @notice A key signs nothing from here on.
    /// @param member Its owner.
    /// @param keyId The key.
    event KeyRevoked(uint32 indexed member, bytes32 indexed keyId);
    /// @notice Entries signed with the key from an index on are disbelieved.
    /// @param member Its owner.
    /// @param keyId The key.
    /// @param fromSize First index that is disbelieved.
    event KeyCompromised(uint32 indexed member, bytes32 indexed keyId, uint64 fromSize);

    // ---------------------------------------------------------------------------------------------------- events: votes

    /// @notice A member proposed something.
    /// @param id Number of the proposal, from 1.
    /// @param action What is to be done (see `Action.sol`).
    /// @param target The member (or, for an admission, the province) that it is done to.
    /// @param proposer The member that proposed.
    /// @param payload Arguments of the action.
    /// @param expiresAt Unix time from which it can be neither approved nor executed.
    event Proposed(
        uint256 indexed id,
        uint8 action,
        uint32 indexed target,
        uint32 indexed proposer,
        bytes payload,
        uint64 expiresAt
    );
    /// @notice A member approved a proposal.
    /// @param id The proposal.
    /// @param voter The member.
    event Approved(uint256 indexed id, uint32 indexed voter);
    /// @notice A member took its approval back.
    /// @param id The proposal.
    /// @param voter The member.
    event Withdrawn(uint256 indexed id, uint32 indexed voter);
    /// @notice A proposal was carried out.
    /// @param id The proposal.
    /// @param approvals Active members that approved, the target left out.
    /// @param eligible Active members, the target left out.
    event Executed(uint256 indexed id, uint256 approvals, uint256 eligible);

    // -------------------------------------------------------------------------------------------------- events: anchors

    /// @notice A member committed to a state of its log.
    /// @param member The member.
    /// @param seq Number of the anchor.
    /// @param epoch Epoch of the log.
    /// @param size Number of entries.
    /// @param logRoot Root over the entries.
    /// @param stateRoot Root of the state map.
    event Anchored(
        uint32 indexed member, uint64 indexed seq, uint64 epoch, uint64 size, bytes32 logRoot, bytes32 stateRoot
    );
    /// @notice Anchors were taken back: they stay on record, but nobody believes them.
    /// @param member The member.
    /// @param fromSeq First anchor that is disowned.
    /// @param toSeq Last one: the newest at that time.
    /// @param epoch The new epoch.
    /// @param seq Number of the anchor that is the head again, 0 if there is none.
    /// @param size Size of that anchor, 0 if there is none.
    event Disowned(uint32 indexed member, uint64 fromSeq, uint64 toSeq, uint64 epoch, uint64 seq, uint64 size);
    /// @notice A member continues a log that it anchored in another registry.
    /// @param member The member.
    /// @param chainId Chain of the other registry.
    /// @param registry Its address.
    /// @param epoch Epoch of the last anchor there.
    /// @param seq Its number.
    /// @param size Its size.
    /// @param logRoot Its log root.
    /// @param stateRoot Its state root.
    /// @param digest Its digest.
    event Adopted(
        uint32 indexed member,
        uint256 chainId,
        address registry,
        uint64 epoch,
        uint64 seq,
        uint64 size,
        bytes32 logRoot,
        bytes32 stateRoot,
        bytes32 digest
    );
    /// @notice Another member replayed the log up to an anchor and came to the same digest.
    /// @param member Whose log.
    /// @param seq Number of the anchor.
    /// @param witness Who replayed it.
    /// @param digest The digest.
    event Witnessed(uint32 indexed member, uint64 indexed seq, uint32 indexed witness, bytes32 digest);

    // ------------------------------------------------------------------------------------------------ errors: directory

    /// @notice SHA-256 of this chain does not give the known answer; the registry cannot live here.
    error RegistryWrongSha256(bytes32 got, bytes32 want);
    /// @notice A registry needs at least one founder.
    error RegistryNoFounders();
    /// @notice Not a province code: a multiple of 10000 from 110000 to 820000.
    error RegistryWrongCode(uint32 code);
    /// @notice The province is a member already.
    error RegistryMemberExists(uint32 code);
    /// @notice There is no such member.
    error RegistryUnknownMember(uint32 code);
    /// @notice The member is suspended.
    error RegistryMemberSuspended(uint32 code);
    /// @notice The member is not suspended.
    error RegistryMemberActive(uint32 code);
    /// @notice The zero address is nobody.
    error RegistryZeroAddress(uint32 code);
    /// @notice The address is or was in use by a member; an address serves once, in one role.
    error RegistryAddressUsed(address account, uint32 usedBy);
    /// @notice A log id must not be zero.
    error RegistryZeroLogId(uint32 code);
    /// @notice The log id is registered already.
    error RegistryLogIdUsed(bytes32 logId, uint32 usedBy);
    /// @notice The endpoint is longer than 255 bytes.
    error RegistryEndpointTooLong(uint256 length);
    /// @notice Only the member's admin may do this.
    error RegistryNotAdmin(uint32 code, address caller);
    /// @notice Only the admin on offer may accept.
    error RegistryNotOffered(uint32 code, address caller);
    /// @notice Only the member's anchorer may do this.
    error RegistryNotAnchorer(uint32 code, address caller);
    /// @notice Purposes are 1 credential, 2 exchange and 3 checkpoint.
    error RegistryWrongPurpose(uint8 purpose);
    /// @notice The bytes are no spelling of a public key for that purpose.
    error RegistryWrongPublicKey(uint8 purpose, bytes publicKey);
    /// @notice The key was added before, by this member or another one.
    error RegistryKeyExists(bytes32 keyId, uint32 owner);
    /// @notice The member has no such key.
    error RegistryUnknownKey(uint32 code, bytes32 keyId);
    /// @notice The key was revoked before.
    error RegistryKeyRevoked(bytes32 keyId, uint64 revokedAt);
    /// @notice A cut-off can only be lowered.
    error RegistryCutOffNotLower(bytes32 keyId, uint64 size, uint64 current);
    /// @notice Sizes and indexes stay below 2^53, which is what trust files and bundles can spell.
    error RegistrySizeTooBig(uint64 size, uint64 most);

    // ---------------------------------------------------------------------------------------------------- errors: votes

    /// @notice There is no such action.
    error RegistryUnknownAction(uint8 action);
    /// @notice The payload is not the one spelling of this action's arguments.
    error RegistryWrongPayload(uint8 action, bytes payload);
    /// @notice There is no such proposal.
    error RegistryUnknownProposal(uint256 id);
    /// @notice The proposal's time is over.
    error RegistryProposalExpired(uint256 id, uint64 expiresAt);
    /// @notice The proposal was carried out before.
    error RegistryProposalExecuted(uint256 id);
    /// @notice The target of a proposal does not vote on it.
    error RegistryTargetMayNotVote(uint256 id, uint32 code);
    /// @notice The member approved before.
    error RegistryAlreadyApproved(uint256 id, uint32 voter);
    /// @notice The member has not approved, so there is nothing to withdraw.
    error RegistryNotApproved(uint256 id, uint32 voter);
    /// @notice Not more than half of those who may vote have approved.
    error RegistryNotEnoughApprovals(uint256 id, uint256 approvals, uint256 eligible);
    /// @notice Suspension needs three active members and leaves at least two.
    error RegistryTooFewMembers(uint256 active);
    /// @notice This proposal is carried out by the other one of {execute} and {executeDisown}.
    error RegistryWrongExecutor(uint256 id, uint8 action);

    // -------------------------------------------------------------------------------------------------- errors: anchors

    /// @notice Every anchor has more entries than the one before.
    error RegistryNotGrowing(uint64 size, uint64 current);
    /// @notice The first anchor extends nothing, so it takes no proof.
    error RegistryUnexpectedProof(uint256 length);
    /// @notice The member has no anchor of that number.
    error RegistryUnknownAnchor(uint32 code, uint64 seq);
    /// @notice The anchor was disowned.
    error RegistryAnchorDisowned(uint32 code, uint64 seq);
    /// @notice The digest is not the one on record.
    error RegistryDigestMismatch(bytes32 got, bytes32 want);
    /// @notice The anchor given is not the one that the vote was about.
    error RegistryWrongAnchor(uint32 code, uint64 seq);
    /// @notice Nobody is a witness of its own log.
    error RegistrySelfWitness(uint32 code);
    /// @notice The witness has confirmed this anchor before.
    error RegistryAlreadyWitnessed(uint32 code, uint64 seq, uint32 witness);
    /// @notice Only a log without any anchor can be continued from elsewhere.
    error RegistryHasAnchors(uint32 code, uint64 lastSeq);
    /// @notice An adopted head is never taken back: what came before it is on record in the other registry only.
    error RegistryAdoptedHead(uint32 code, uint64 seq);
    /// @notice The head to adopt is of another member, empty, or said to come from this very registry; or its digest is
    /// the log id, which is the digest of no anchor.
    error RegistryWrongAdoption(uint32 code);

    // --------------------------------------------------------------------------------------------------- the directory

    /**
     * @notice Name a successor as admin; nothing changes until {acceptAdmin}. A later offer replaces an earlier one.
     * Requirements: the caller is the admin; `newAdmin` was never used by any member in any role.
     * Emits {AdminOffered}.
     * @param code The member.
     * @param newAdmin The successor. Its address counts as used from now on, accepted or not.
     */
    function offerAdmin(uint32 code, address newAdmin) external;

    /**
     * @notice Become admin. Requirement: the caller is the one that {offerAdmin} named last. Emits {AdminChanged}.
     * @param code The member.
     */
    function acceptAdmin(uint32 code) external;

    /**
     * @notice Set who anchors. Requirements: the caller is the admin; the address was never used.
     * Emits {AnchorerChanged}.
     * @param code The member, which may be suspended: a stolen anchorer is replaced before it comes back.
     * @param newAnchorer The account that anchors and witnesses from now on.
     */
    function setAnchorer(uint32 code, address newAnchorer) external;

    /**
     * @notice Set where the node is reached. Requirements: the caller is the admin; at most 255 bytes.
     * Emits {EndpointChanged}.
     * @param code The member.
     * @param newEndpoint The address; may be empty.
     */
    function setEndpoint(uint32 code, string calldata newEndpoint) external;

    /**
     * @notice Add a public key. Requirements: the caller is the admin of an active member; no member ever added the key.
     * Emits {KeyAdded}.
     *
     * NOTE: the bytes are checked for length and prefix, not for being a point on the curve. A key that is none verifies
     * no signature.
     * @param code The member.
     * @param purpose 1 credential, 2 exchange, 3 checkpoint.
     * @param publicKey Purpose 1: compressed P-256, 33 bytes. Otherwise: Ed25519, 32 bytes.
     */
    function addKey(uint32 code, uint8 purpose, bytes calldata publicKey) external;

    /**
     * @notice Revoke a key; what it signed before stays valid. A suspended member may do this.
     * Requirements: the caller is the admin; the key is the member's and not revoked. Emits {KeyRevoked}.
     * @param code The member.
     * @param keyId SHA-256 of the key.
     */
    function revokeKey(uint32 code, bytes32 keyId) external;

    /**
     * @notice Disbelieve what a key signed from an index of the log on. A suspended member may do this.
     * Requirements: the caller is the admin; the key is the member's; the index is lower than any set before, and below
     * 2^53.
     * Emits {KeyCompromised}.
     *
     * WARNING: there is no way back up.
     * @param code The member.
     * @param keyId SHA-256 of the key.
     * @param size First index of the log that is disbelieved.
     */
    function compromisedFrom(uint32 code, bytes32 keyId, uint64 size) external;

    /**
     * @notice What is known of a member.
     * @param code The member.
     * @return logId Identity of its log.
     * @return admin Its admin.
     * @return anchorer Its anchorer.
     * @return pendingAdmin The successor that has not accepted yet, or 0.
     * @return active Whether it is not suspended.
     * @return admittedAt Block of its admission.
     * @return lastSeq Number of its newest anchor, disowned or not; 0 if there is none.
     * @return endpoint Where its node is reached.
     */
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
        );

    /// @notice All members, suspended ones too, in the order of admission.
    /// @return Their codes.
    function members() external view returns (uint32[] memory);

    /// @notice How many members are not suspended.
    /// @return Their number.
    function activeMembers() external view returns (uint256);

    /**
     * @notice What is known of a key.
     * @param code Its owner.
     * @param keyId SHA-256 of the key.
     * @return purpose 1 credential, 2 exchange, 3 checkpoint.
     * @return addedAt Block it was added in.
     * @return revokedAt Block it was revoked in, 0 if it was not.
     * @return cutOff First index of the log that is disbelieved ({compromisedFrom}), the highest number if there is none.
     * @return publicKey The key.
     */
    function key(uint32 code, bytes32 keyId)
        external
        view
        returns (uint8 purpose, uint64 addedAt, uint64 revokedAt, uint64 cutOff, bytes memory publicKey);

    // ------------------------------------------------------------------------------------------------------------ votes

    /**
     * @notice Propose an action. It counts as the proposer's approval, unless the proposer is the target.
     * Requirements: the caller is the admin of an active member; the action exists and its payload is well formed; the
     * target is a member (for an admission: a province that is not). Emits {Proposed} and {Approved}.
     * @param proposer The member that proposes.
     * @param action One of `Action.sol`.
     * @param target Whom it is done to.
     * @param payload Its arguments, encoded as `Action.sol` says. Bytes that are no ABI encoding at all make the decoder
     * revert without a reason.
     * @return id Number of the proposal.
     */
    function propose(uint32 proposer, uint8 action, uint32 target, bytes calldata payload) external returns (uint256 id);

    /**
     * @notice Approve a proposal. Requirements: the caller is the admin of an active member that is not the target and has
     * not approved; the proposal is open. Emits {Approved}.
     * @param id The proposal.
     * @param voter The member that approves.
     */
    function approve(uint256 id, uint32 voter) external;

    /**
     * @notice Take an approval back. A suspended member may do this. Requirements: the caller is the voter's admin; the
     * voter has approved; the proposal is open. Emits {Withdrawn}.
     * @param id The proposal.
     * @param voter The member.
     */
    function withdraw(uint256 id, uint32 voter) external;

    /**
     * @notice Carry out a proposal, once. Anybody may: the votes decide, not the caller.
     * Requirements: the proposal is open, its action is not DISOWN, and of the members active *now*, the target left out,
     * more than half have approved (so nothing can be done to the only active member). Each action has its own
     * requirements besides. Emits {Executed} and the event of the action.
     * @param id The proposal.
     */
    function execute(uint256 id) external;

    /**
     * @notice Carry out a DISOWN: the head goes back to the anchor before `fromSeq` and the epoch rises. Everything from
     * `fromSeq` to the newest anchor stays on record, marked. Anybody may; requirements as for {execute}.
     * The registry keeps digests only, so the caller brings the two anchors and the digests prove them.
     * Emits {Executed} and {Disowned}.
     * @param id The proposal.
     * @param target The anchor numbered `fromSeq`; it must not be disowned already, nor be an adopted head.
     * @param targetPrevious The digest that it extends; the log id if it is the first.
     * @param parent The anchor of that digest. Ignored if `targetPrevious` is the log id.
     * @param parentPrevious The digest that the parent extends.
     */
    function executeDisown(
        uint256 id,
        Anchor calldata target,
        bytes32 targetPrevious,
        Anchor calldata parent,
        bytes32 parentPrevious
    ) external;

    /// @notice How many proposals there have been; they are numbered from 1 to this.
    /// @return The number.
    function proposals() external view returns (uint256);

    /**
     * @notice A proposal and how the vote stands now.
     * @param id The proposal.
     * @return action What is to be done.
     * @return target Whom it is done to.
     * @return proposer Who proposed it.
     * @return expiresAt Unix time from which it is closed.
     * @return executed Whether it was carried out.
     * @return payload Arguments of the action.
     * @return approvals Active members that approved, the target left out.
     * @return eligible Active members, the target left out.
     */
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
        );

    /// @notice Whether a member's approval of a proposal stands.
    /// @param id The proposal.
    /// @param voter The member.
    /// @return True if it approved and did not withdraw.
    function hasApproved(uint256 id, uint32 voter) external view returns (bool);

    // ---------------------------------------------------------------------------------------------------------- anchors

    /**
     * @notice Commit to a state of the log.
     * Requirements: the caller is the anchorer of an active member; more entries than the head has, and fewer than 2^53; a
     * state root; from an empty head no proof, otherwise an RFC 9162 consistency proof from the head. Emits {Anchored}.
     *
     * IMPORTANT: the registry proves that the log only grew. It cannot see the entries, so it does not prove that the
     * state root belongs to them; witnesses do.
     * @param code The member.
     * @param size Number of entries.
     * @param logRoot Root over the entries.
     * @param stateRoot Root of the state map after the last of them.
     * @param consistency The proof.
     */
    function anchor(uint32 code, uint64 size, bytes32 logRoot, bytes32 stateRoot, bytes32[] calldata consistency)
        external;

    /**
     * @notice Say that a replay of another member's log came to the digest of an anchor.
     * Requirements: the caller is the anchorer of another, active member; the digest is the one on record; the anchor is
     * not disowned; once per anchor and witness. Emits {Witnessed}.
     * @param code Whose log.
     * @param seq Number of the anchor.
     * @param digest What the replay came to.
     */
    function witness(uint32 code, uint64 seq, bytes32 digest) external;

    /**
     * @notice The anchor that the next one has to extend.
     * @param code The member.
     * @return epoch Epoch that the next anchor will have; the head's own is lower if the log was taken back to it.
     * @return seq Number of the head, 0 if the log is empty.
     * @return size Number of entries.
     * @return logRoot Root over the entries; SHA-256 of nothing if the log is empty.
     * @return stateRoot Root of the state map; 0 if the log is empty.
     * @return digest Digest of the head, which the next anchor's digest extends; the log id if the log is empty.
     */
    function head(uint32 code)
        external
        view
        returns (uint64 epoch, uint64 seq, uint64 size, bytes32 logRoot, bytes32 stateRoot, bytes32 digest);

    /// @notice Digest of an anchor, disowned ones too.
    /// @param code The member.
    /// @param seq Number of the anchor.
    /// @return The digest, 0 if there is no such anchor.
    function anchorDigest(uint32 code, uint64 seq) external view returns (bytes32);

    /// @notice Whether an anchor was taken back.
    /// @param code The member.
    /// @param seq Number of the anchor.
    /// @return True if it lies in a disowned range.
    function isDisowned(uint32 code, uint64 seq) external view returns (bool);

    /// @notice Whether a member has confirmed another one's anchor.
    /// @param code Whose log.
    /// @param seq Number of the anchor.
    /// @param by The witness.
    /// @return True if it has.
    function hasWitnessed(uint32 code, uint64 seq, uint32 by) external view returns (bool);

    // ----------------------------------------------------------------------------------------------------------- proofs

    /**
     * @notice Check that an entry stands in a log; reverts with a named error if not (see `Rfc9162.sol`).
     * @param leaf Leaf hash of the entry.
     * @param index Its place, from 0.
     * @param size Number of entries of the log.
     * @param root Root over them.
     * @param proof Inclusion proof.
     */
    function verifyInclusion(bytes32 leaf, uint64 index, uint64 size, bytes32 root, bytes32[] calldata proof)
        external
        view;

    /**
     * @notice Check that a log extends a smaller one; reverts with a named error if not (see `Rfc9162.sol`).
     * @param size1 Entries of the smaller log, at least 1.
     * @param root1 Root over them.
     * @param size2 Entries of the bigger log.
     * @param root2 Root over them.
     * @param proof Consistency proof.
     */
    function verifyConsistency(uint64 size1, bytes32 root1, uint64 size2, bytes32 root2, bytes32[] calldata proof)
        external
        view;

    /**
     * @notice Check what the state map says of a subject; reverts with a named error if the proof fails (see
     * `StateMap.sol`).
     * @param root Root of the map.
     * @param subject The subject.
     * @param value Leaf hash of its newest entry; 0 to check that it was never seen.
     * @param otherKey Where an absence proof ends in another subject's leaf: that subject. Otherwise 0.
     * @param otherValue That leaf's value. Otherwise 0.
     * @param proof Siblings, deepest first.
     */
    function verifyState(
        bytes32 root,
        bytes32 subject,
        bytes32 value,
        bytes32 otherKey,
        bytes32 otherValue,
        bytes32[] calldata proof
    ) external view;
}
