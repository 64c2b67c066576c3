"""A small consortium in memory: keys from fixed seeds, logs, anchors, trust files and bundles, always the same bytes.

``sample()`` is two provinces, 重庆 500000 and 四川 510000, with some forty entries, three anchors and one of each kind
of status. A :class:`Province` is a log written by the naive references of ``tests.reference``, so that what verifies a
bundle shares no code with what made it; the core is used for the formats only::

    world = World.of(500000, 510000)
    cq = world.provinces[500000]
    cq.establish(holder, record)            # an entry, its credential kept
    cq.event(holder, Event.REVOKE, subject=SubjectState.REVOKED)
    world.anchor(cq)
    data = cq.license_bundle(holder)        # bytes; trust = world.trust()

Time starts at ``START`` and moves by a minute with each entry and block.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger import bundle, directory, trust
from ledger.encoding import shanghai_date
from ledger.entry import Authority, LicenseEntry, leaf_hash, license_subject, log_id
from ledger.keys import P256_ORDER, Ed25519Signer, Purpose, Signer, key_id
from ledger.license import credential, identifier
from ledger.license.credential import Credential
from ledger.license.draft import complete
from ledger.license.record import LicenseRecord
from ledger.license.status import NEW_VERSION_EVENTS, Event, Flag, Status, SubjectState, VersionState
from ledger.license.uscc import check_character, organisation_check
from ledger.merkle.checkpoint import Checkpoint, origin, sign_checkpoint
from ledger.merkle.stateproof import End, StateProof
from tests import reference

START = dt.datetime(2026, 11, 1, 1, 0, tzinfo=dt.UTC)
TYPE_CODE = "11100000MB0143028R001"
CHONGQING, SICHUAN = 500000, 510000


def checked(body: str) -> str:
    """A credit code from its first 16 characters: both check characters added."""
    most = body + organisation_check(body[8:])
    return most + check_character(most)


def credit_code(number: int, region: str = "500106") -> str:
    """A made-up company's code."""
    return checked(f"91{region}MA{number:06d}")


def seed(*parts: object) -> bytes:
    """32 bytes that look random and are always the same."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).digest()


@dataclass(frozen=True)
class FixedEs256:
    """ES256 with nonces from RFC 6979, so that a sample has the same bytes on every run."""

    private: ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, *parts: object) -> FixedEs256:
        return cls(ec.derive_private_key(int.from_bytes(seed(*parts), "big") % (P256_ORDER - 1) + 1, ec.SECP256R1()))

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)

    def sign(self, message: bytes) -> bytes:
        scheme = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self.private.sign(message, scheme))
        return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")


def ed25519_signer(*parts: object) -> Ed25519Signer:
    """An Ed25519 key from a seed."""
    return Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(seed(*parts)))


@dataclass
class Anchored:
    """What a province anchored: the entries then, and the checkpoint."""

    anchor: directory.Anchored
    size: int
    state: dict[bytes, bytes]
    checkpoint: bytes
    previous: bytes


@dataclass
class Province:
    """One member: its keys, its log, the state of its map, and the credentials that it issued."""

    world: World
    code: int
    credential_key: Signer
    checkpoint_key: Signer
    log: bytes
    entries: list[LicenseEntry] = field(default_factory=list)
    newest: dict[str, int] = field(default_factory=dict)
    credentials: dict[tuple[str, int], tuple[Credential, int]] = field(default_factory=dict)
    anchored: list[Anchored] = field(default_factory=list)
    epoch: int = 0

    @property
    def data(self) -> list[bytes]:
        return [entry.encode() for entry in self.entries]

    def state(self) -> dict[bytes, bytes]:
        """The map: newest leaf by subject."""
        return {entry.subject: leaf_hash(entry.encode()) for entry in self.entries}

    def issue(self, record: LicenseRecord, event: Event = Event.ESTABLISH, **changes: Any) -> Credential:
        """An entry that makes a new credential."""
        made = credential.issue(
            record,
            member=self.code,
            signer=changes.pop("signer", self.credential_key),
            iat=int(self.world.now.timestamp()),
            salts=self.world.salt,
        )
        self.event(record.uscc, event, digest=made.digest, version=record.version_no, **changes)
        self.credentials[record.uscc, record.version_no] = (made, len(self.entries) - 1)
        return made

    def event(self, uscc: str, event: Event, *, subject: SubjectState | None = None, **changes: Any) -> LicenseEntry:
        """Append an entry that follows the newest of its subject; ``changes`` go into it as they are."""
        last = self.entries[self.newest[uscc]] if uscc in self.newest else None
        now = self.world.tick()
        code, division = ORGANS[self.code]
        status = last.status if last else Status(VersionState.CURRENT, SubjectState.ACTIVE)
        version = VersionState.CURRENT if event in NEW_VERSION_EVENTS else status.version
        fields: dict[str, Any] = {
            "log": self.log,
            "event": event,
            "subject": license_subject(TYPE_CODE, uscc),
            "n": last.n + 1 if last else 0,
            "prev": leaf_hash(last.encode()) if last else None,
            "digest": last.digest if last else bytes(32),
            "version": last.version if last else 1,
            "status": Status(version, subject or status.subject, changes.pop("flags", status.flags)),
            "authority": Authority(code, division),
            "effective": shanghai_date(now),
            "recorded": now,
        }
        entry = LicenseEntry(**(fields | changes))
        self.entries.append(entry)
        self.newest[uscc] = len(self.entries) - 1
        return entry

    def checkpoint(self, size: int, signer: Signer | None = None) -> bytes:
        """The signed checkpoint of the first ``size`` entries."""
        root = reference.tree_hash(self.data[:size])
        return sign_checkpoint(Checkpoint(origin(self.log), size, root), signer or self.checkpoint_key)

    def bundle_parts(self, which: int = -1) -> dict[str, Any]:
        """Anchor and checkpoint of one of the anchors, as the fields of a bundle."""
        made = self.anchored[which]
        event = made.anchor
        anchor = bundle.BundleAnchor(
            self.code, event.epoch, event.seq, event.size, event.log_root, event.state_root, made.previous
        )
        return {"anchor": anchor, "checkpoint": bundle.SignedCheckpoint.parse(made.checkpoint.decode())}

    def located(self, index: int, size: int) -> bundle.Located:
        """An entry with its inclusion proof in the tree of that size."""
        held = bundle.BundleEntry.of(self.entries[index])
        return bundle.Located(held, index, tuple(reference.path(index, self.data[:size])))

    def license_bundle(
        self, uscc: str, version: int | None = None, *, which: int = -1, disclose: Any = None
    ) -> bundle.LicenseBundle:
        """A licence with all its proofs; the newest version and every field unless told otherwise."""
        made = self.anchored[which]
        current = self._newest_at(uscc, made.size)
        shown, index = self.credentials[uscc, version or self.entries[current].version]
        return bundle.LicenseBundle(
            credential=shown if disclose is None else shown.select(disclose),
            issued=self.located(index, made.size),
            current=self.located(current, made.size),
            state=state_proof(made.state, license_subject(TYPE_CODE, uscc)),
            **self.bundle_parts(which),
        )

    def absence_bundle(self, uscc: str, *, which: int = -1) -> bundle.AbsenceBundle:
        """The proof that the log holds nothing of a credit code."""
        proof = state_proof(self.anchored[which].state, license_subject(TYPE_CODE, uscc))
        return bundle.AbsenceBundle(TYPE_CODE, uscc, proof, **self.bundle_parts(which))

    def history_bundle(self, uscc: str, *, which: int = -1) -> bundle.HistoryBundle:
        """Every entry of a subject."""
        made, subject = self.anchored[which], license_subject(TYPE_CODE, uscc)
        places = [index for index, entry in enumerate(self.entries[: made.size]) if entry.subject == subject]
        held = tuple(self.located(index, made.size) for index in places)
        return bundle.HistoryBundle(held, state_proof(made.state, subject), **self.bundle_parts(which))

    def _newest_at(self, uscc: str, size: int) -> int:
        subject = license_subject(TYPE_CODE, uscc)
        return max(index for index, entry in enumerate(self.entries[:size]) if entry.subject == subject)


@dataclass
class World:
    """The chain as far as trust files tell of it: events in order, and one clock for everything."""

    provinces: dict[int, Province] = field(default_factory=dict)
    events: list[directory.Event] = field(default_factory=list)
    now: dt.datetime = START
    block: int = 0
    salts: int = 0
    embedded: bool = False

    @classmethod
    def of(cls, *codes: int, embedded: bool = False) -> World:
        """A registry with these founders, each with a credential and a checkpoint key."""
        world = cls(embedded=embedded)
        place = world.place()
        for code in codes:
            log = log_id(code, seed("log", code))
            member = Province(world, code, FixedEs256.of("credential", code), ed25519_signer("checkpoint", code), log)
            world.provinces[code] = member
            admin, anchorer = seed("admin", code)[:20], seed("anchorer", code)[:20]
            url = f"https://{code}.example"
            world.events.append(
                directory.MemberAdmitted(
                    at=world.place(place), member=code, admin=admin, anchorer=anchorer, log_id=log, endpoint=url
                )
            )
        for member in world.provinces.values():
            world.add_key(member.code, Purpose.CREDENTIAL, member.credential_key.public)
            world.add_key(member.code, Purpose.CHECKPOINT, member.checkpoint_key.public)
        return world

    def tick(self, minutes: int = 1) -> dt.datetime:
        """Let time go on."""
        self.now += dt.timedelta(minutes=minutes)
        return self.now

    def salt(self) -> bytes:
        """The next salt."""
        self.salts += 1
        return seed("salt", self.salts)[:16]

    def place(self, same: directory.Place | None = None) -> directory.Place:
        """The next place in the chain: a new block, or behind ``same`` in its block."""
        if same is not None:
            return directory.Place(same.block, len(self.events), same.block_hash, same.time)
        self.block += 1
        return directory.Place(self.block, len(self.events), seed("block", self.block), self.tick())

    def emit(self, kind: type[directory.Event], **fields: Any) -> None:
        """An event in a block of its own."""
        self.events.append(kind(at=self.place(), **fields))

    def add_key(self, member: int, purpose: Purpose, public: bytes) -> None:
        """A key joins the directory."""
        self.emit(directory.KeyAdded, member=member, purpose=int(purpose), key_id=key_id(public), public_key=public)

    def directory(self) -> directory.Directory:
        """Everything that has happened, folded."""
        return directory.fold(self.events)

    def anchor(self, province: Province, signer: Signer | None = None) -> Anchored:
        """Anchor a province's log as it is now."""
        head = self.directory().member(province.code).head
        last = self.directory().member(province.code).last_seq
        state, size = province.state(), len(province.entries)
        self.emit(
            directory.Anchored,
            member=province.code,
            seq=last + 1,
            epoch=head.epoch,
            size=size,
            log_root=reference.tree_hash(province.data),
            state_root=reference.map_root(state),
        )
        event = self.events[-1]
        assert isinstance(event, directory.Anchored)
        made = Anchored(event, size, state, province.checkpoint(size, signer), head.digest)
        province.anchored.append(made)
        return made

    def witness(self, province: Province, by: Province) -> None:
        """Another member replayed the newest anchor."""
        anchor = self.directory().newest_anchor(province.code)
        assert anchor is not None
        self.emit(directory.Witnessed, member=province.code, seq=anchor.seq, witness=by.code, digest=anchor.digest)

    def unsigned_trust(self) -> trust.TrustFile:
        """The trust file as of now, not signed."""
        chain = trust.ChainInfo(20261122, seed("genesis"), seed("registry")[:20].hex(), self.embedded)
        block = trust.BlockInfo(self.block + 1, seed("block", self.block + 1), self.now)
        return trust.build(self.directory(), chain, block)

    def trust_bytes(self, *signers: int) -> bytes:
        """The trust file as of now, signed by those members (all active ones unless named)."""
        codes = signers or tuple(self.directory().active_members())
        return trust.sign(self.unsigned_trust(), [(code, self.provinces[code].checkpoint_key) for code in codes])

    def trust(self, *signers: int) -> trust.TrustFile:
        """The same, parsed."""
        return trust.parse(self.trust_bytes(*signers))


def state_proof(state: dict[bytes, bytes], subject: bytes) -> StateProof:
    """The proof of presence or absence of a subject, by the naive reference."""
    siblings, end = reference.map_path(state, subject)
    if not end:
        return StateProof(tuple(siblings), End.EMPTY)
    ((key, value),) = end.items()
    if key == subject:
        return StateProof(tuple(siblings), End.PRESENT)
    return StateProof(tuple(siblings), End.OTHER, key, value)


def record(
    code: str, name: str, member: int = CHONGQING, *, version: int = 1, event: Event = Event.ESTABLISH
) -> LicenseRecord:
    """A company's record, marked as a sample."""
    organ, division = ORGANS[member]
    serial = code[8:]
    before = identifier.build(TYPE_CODE, organ, serial, version - 1) if version > 1 else None
    draft = {
        "uscc": code,
        "name": name,
        "subject_type_code": "1130",
        "heads": ["张样例"],
        "capital_amount": "1000000",
        "premises": f"样例路{int(code[10:16]) % 900 + 1}号",
        "scope_items": [{"text": "软件开发", "kind": "一般"}],
        "establishment_date": "2026-11-01",
        "authority": {"code": organ, "name": "样例市场监督管理局", "division": division},
    }
    return complete(
        draft,
        licence_id=str(uuid.UUID(bytes=seed("licence", code)[:16], version=4)),
        serial=serial,
        version_no=version,
        supersedes=before,
        issue_date=START.date(),
        event=event,
    )


ORGANS = {CHONGQING: (checked("11500106MB000001"), "500106"), SICHUAN: (checked("11510107MB000001"), "510107")}
"""The registration organs of the sample: made-up codes, and the divisions they act in."""

ACTIVE, CHANGED, SUSPENDED, REVOKED, FLAGGED, LIQUIDATING, GONE, VOIDED, ABSENT = map(credit_code, range(1, 10))
"""Holders in the sample, by what has become of them; ``ABSENT`` is nobody's."""

SUSPENDED_UNTIL = dt.date(2027, 3, 31)


@cache
def sample() -> World:
    """Two provinces and some forty entries; 500000 has three anchors, the newest witnessed by 510000. Read only."""
    world = World.of(CHONGQING, SICHUAN)
    cq, sc = world.provinces.values()
    for number in range(100, 116):
        cq.event(credit_code(number), Event.ESTABLISH, digest=seed("filler", number))
    for holder in (ACTIVE, CHANGED, SUSPENDED, REVOKED, FLAGGED, LIQUIDATING, GONE, VOIDED):
        cq.issue(record(holder, f"样例{holder[8:16]}有限公司"))
    world.anchor(cq)
    cq.issue(record(CHANGED, "样例更名有限公司", version=2, event=Event.CHANGE), Event.CHANGE)
    cq.event(SUSPENDED, Event.SUSPEND, subject=SubjectState.SUSPENDED, until=SUSPENDED_UNTIL)
    cq.event(REVOKED, Event.REVOKE, subject=SubjectState.REVOKED)
    cq.event(FLAGGED, Event.FLAG_ON, flags=frozenset({Flag.ABNORMAL_LIST}))
    world.anchor(cq)
    cq.event(LIQUIDATING, Event.LIQUIDATE, subject=SubjectState.LIQUIDATING)
    cq.event(GONE, Event.LIQUIDATE, subject=SubjectState.LIQUIDATING)
    cq.event(GONE, Event.DEREGISTER, subject=SubjectState.DEREGISTERED)
    voided = Status(VersionState.VOIDED, SubjectState.ACTIVE)
    cq.event(VOIDED, Event.VOID, status=voided)
    world.anchor(cq)
    for number in range(200, 206):
        sc.event(credit_code(number, "510107"), Event.ESTABLISH, digest=seed("filler", number))
    world.anchor(sc)
    world.witness(cq, by=sc)
    return world
