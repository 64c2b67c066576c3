"""The argument why a bundle should be believed, step by step, and the code that makes it.

What is believed from the start: the trust file (its signers are pinned, see ``ledger.trust``), the caller's clock, and
the hash and signature algorithms. Nothing is believed because the bundle says it. Without a trust file every step that
needs one is unknown; what is refuted without one is refuted all the same.

1. **anchored**: the chain holds this anchor.
   1.1 The trust file lists the member, and an anchor with this number; a number beyond its last one is unknown, unless
   the anchor's epoch, size or predecessor contradict those that it lists. 1.2 The digest recomputed from the bundle's
   anchor is the listed one, so every field of the anchor is the chain's. 1.3 It was not taken back by vote.
2. **logged**: the entries are in the log, as the log itself signed it.
   2.1 Entries and checkpoint are of one log, the member's. 2.2 The checkpoint has the anchor's size and root.
   2.3 Every entry is in that tree. 2.4 They are of one history, in
   order; a ``history`` is an unbroken chain from n = 0. 2.5 The checkpoint's signature verifies under a checkpoint key
   of the member, 2.6 entitled at that size.
3. **integrity**: the credential is genuine and unchanged.
   3.1 Each disclosure shown belongs to the payload. 3.2 The issuing entry has the credential's digest. 3.3 Member,
   subject, version and authority agree with the entry where they are shown. 3.4 The signature verifies under the key
   that ``kid`` names *in the trust file*.
4. **issuer**: whoever signed was entitled to.
   4.1 The key is listed for this member, 4.2 for credentials. 4.3 The authority acts inside the member's province.
   4.4 The entry's index (2 and 1 must hold) is inside the key's interval and before its cut-off: beyond the cut-off an
   entry is disowned, not forged. 4.5 The member was active in the block of the first anchor that covers the entry.
5. **status**: what the newest entry says, today.
   5.1 The state map of the anchor has the current entry's leaf for the subject, or nothing for it. 5.2 (2 and 1 must
   hold.) It rests on enough: the issuer's word, witnesses who replayed the log, or a replay of one's own. 5.3 The
   words, on the day in Shanghai: a suspension ends by itself. A licence with a lower version than the newest is
   superseded.
6. **freshness**: the anchor (1 must hold) is not older than the caller accepts, nor from the future.

A step whose precondition is not ``ok`` is ``unknown`` and names it; it is never ``ok``. No verdict changes another.

What the caller still owes: to have checked the trust file against its pins, and to look at *all* six answers.
What no bundle can show: that the state root was honestly computed (hence ``basis``), that nothing happened after the
anchor (hence ``freshness``), and that what a registered authority wrote was true.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.bundle import evidence
from ledger.bundle.condition import Condition, Demand, describe
from ledger.bundle.evidence import Refuted, refute
from ledger.bundle.model import AbsenceBundle, Bundle, HistoryBundle, LicenseBundle, parse
from ledger.bundle.verdicts import Answer, AsOf, Report, Verdict, verdict
from ledger.directory import Anchor, Key, Standing
from ledger.entry import Authority
from ledger.errors import FormatError, StateProofError
from ledger.keys import Purpose
from ledger.merkle.stateproof import verify_absence, verify_presence
from ledger.trust import TrustFile, TrustMember

MAX_AGE = dt.timedelta(hours=72)
"""Oldest anchor that is fresh unless the caller says otherwise: a weekend and a day; logs beat every 12 hours."""

MAX_SKEW = dt.timedelta(minutes=5)
"""How far a block's time may run ahead of the verifier's clock: no two clocks are the same."""


def verify(
    data: bytes,
    trust: TrustFile | None,
    *,
    now: dt.datetime,
    max_age: dt.timedelta = MAX_AGE,
    min_basis: str = "issuer",
    replayed: bool = False,
) -> Report:
    """Verify a bundle offline.

    Args:
        data: the bundle's file.
        trust: a trust file checked against the caller's pins; None if there is none.
        now: the caller's clock, with a zone.
        max_age: of the anchor.
        min_basis: what the status must rest on: ``issuer``, ``witnessed:k`` or ``replayed``.
        replayed: the caller itself replayed this log up to this anchor and found its state root.

    Raises:
        FormatError: not a bundle (see :func:`ledger.bundle.malformed`), ``min_basis`` unknown, ``now`` without a zone.
    """
    return verify_parsed(parse(data), trust, now=now, max_age=max_age, min_basis=min_basis, replayed=replayed)


def verify_parsed(
    bundle: Bundle,
    trust: TrustFile | None,
    *,
    now: dt.datetime,
    max_age: dt.timedelta = MAX_AGE,
    min_basis: str = "issuer",
    replayed: bool = False,
) -> Report:
    """As :func:`verify`, for a bundle that :func:`ledger.bundle.parse` returned."""
    if now.tzinfo is None:
        raise FormatError("a time without a zone has no meaning here")
    demand = Demand.parse(min_basis)
    case = _Case(bundle, trust)
    condition, status = case.status(now, demand, replayed=replayed)
    return Report(
        integrity=case.integrity,
        issuer=case.issuer(),
        logged=case.logged,
        anchored=case.anchored,
        status=status,
        freshness=case.freshness(now, max_age),
        type=bundle.type,
        basis=condition.basis,
        words=condition.words,
        as_of=case.as_of(),
        disclosed=case.disclosed(),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What the trust file has for a bundle's claims."""

    trust: TrustFile
    member: TrustMember
    anchor: Anchor | None


class _Case:
    """One bundle against one trust file; steps that others depend on are answered once, in order."""

    def __init__(self, bundle: Bundle, trust: TrustFile | None) -> None:
        self.bundle = bundle
        self.trust = trust
        self.member = trust.member(bundle.anchor.member) if trust else None
        self.listed = self.member.anchor(bundle.anchor.seq) if self.member else None
        self.anchored = _answer(self._step_1)
        self.logged = _answer(self._step_2)
        self.integrity = _answer(self._step_3)

    # 1 anchored
    def _step_1(self) -> Verdict:
        trust, member = self._known()
        if self.listed is None:
            raise self._beyond(member)  # 1.1
        if self.listed.digest != self.bundle.anchor.digest:
            raise refute("anchor-differs")  # 1.2
        if self.listed.disowned:
            raise refute("anchor-disowned")  # 1.3
        return verdict("anchored-embedded" if trust.chain.embedded else "anchored")

    def _beyond(self, member: TrustMember) -> Refuted:
        """An anchor that the trust file does not list: newer than the file, older than it reaches, or made up."""
        claimed, history = self.bundle.anchor, member.history
        if history and claimed.seq < history[0].seq:
            return refute("anchor-unlisted")
        next_seq = history[-1].seq + 1 if history else claimed.seq
        if claimed.epoch < member.epoch:
            return refute("anchor-differs")
        if claimed.epoch == member.epoch and claimed.size <= member.head_size:
            return refute("anchor-differs")
        if claimed.epoch == member.epoch and claimed.seq == next_seq and claimed.previous != member.head_digest:
            return refute("anchor-differs")
        return refute("trust-older")

    # 2 logged
    def _step_2(self) -> Verdict:
        owner = self.trust.member_by_log(self.bundle.checkpoint.log) if self.trust else None
        evidence.check_log_proofs(self.bundle, owner or self.member)  # 2.1 to 2.4
        _, member = self._known()
        evidence.check_checkpoint_signature(self.bundle, member, covered=self.anchored.ok)  # 2.5, 2.6
        return verdict("logged")

    # 3 integrity
    def _step_3(self) -> Verdict:
        if not isinstance(self.bundle, LicenseBundle):
            return verdict("no-credential")
        evidence.check_credential(self.bundle)  # 3.1 to 3.3
        key = self._key(self.bundle)
        if key is None:
            raise refute("key-unknown", Answer.UNKNOWN, key=self.bundle.claims.kid.hex()[:16])
        evidence.check_credential_signature(self.bundle, key)  # 3.4
        return verdict("intact")

    # 4 issuer
    def issuer(self) -> Verdict:
        return _answer(self._step_4)

    def _step_4(self) -> Verdict:
        _, member = self._known()
        key = self._listed_key(self.bundle) if isinstance(self.bundle, LicenseBundle) else None  # 4.1, 4.2
        for authority in self._authorities():
            if authority.division[:2] != f"{member.member:06d}"[:2]:
                raise refute("authority-outside")  # 4.3
        self._need(logged=True)
        index = self.bundle.anchor.size - 1
        if key is not None and isinstance(self.bundle, LicenseBundle):
            index = self.bundle.issued.index
            _check_standing(key.standing(index))  # 4.4
        first = member.first_covering(index)
        if first is None or not member.active_at(first.block):
            raise refute("member-suspended")  # 4.5
        return verdict("entitled")

    def _listed_key(self, bundle: LicenseBundle) -> Key:
        key = self._key(bundle)
        if key is None:
            answer = Answer.FAILED if self.anchored.ok else Answer.UNKNOWN
            raise refute("key-unknown", answer, key=bundle.claims.kid.hex()[:16])
        if key.purpose is not Purpose.CREDENTIAL:
            raise refute("key-purpose")
        return key

    def _authorities(self) -> tuple[Authority, ...]:
        bundle = self.bundle
        if isinstance(bundle, LicenseBundle):
            return bundle.issued.entry.authority, bundle.current.entry.authority
        return tuple(place.entry.authority for place in bundle.entries) if isinstance(bundle, HistoryBundle) else ()

    # 5 status
    def status(self, now: dt.datetime, demand: Demand, *, replayed: bool) -> tuple[Condition, Verdict]:
        """The condition of the licence (empty unless the steps before hold) and the verdict."""
        try:
            self._state_proof()  # 5.1
            self._need(logged=True)
        except Refuted as refuted:
            return Condition(), refuted.answer
        condition = self._condition(now, replayed=replayed)  # 5.3
        if not demand.met_by(condition.basis):
            answer = refute("basis-too-low", basis=condition.basis, wanted=demand.text).answer  # 5.2
            return condition, answer
        return condition, condition.verdict()

    def _state_proof(self) -> None:
        bundle, root = self.bundle, self.bundle.anchor.state_root
        try:
            if isinstance(bundle, AbsenceBundle):
                verify_absence(root, bundle.subject, bundle.state)
            else:
                newest = bundle.current if isinstance(bundle, LicenseBundle) else bundle.entries[-1]
                verify_presence(root, newest.entry.subject, newest.held.leaf, bundle.state)
        except StateProofError as error:
            raise refute("state-proof", detail=str(error)) from error

    def _condition(self, now: dt.datetime, *, replayed: bool) -> Condition:
        witnesses = len(self.listed.witnesses) if self.listed else 0
        basis = "replayed" if replayed else f"witnessed:{witnesses}" if witnesses else "issuer"
        bundle = self.bundle
        if isinstance(bundle, AbsenceBundle):
            return Condition.never_issued(basis)
        if isinstance(bundle, HistoryBundle):
            newest = bundle.entries[-1].entry
            return describe(newest, newest.version, now, basis)
        return describe(bundle.current.entry, bundle.issued.entry.version, now, basis)

    # 6 freshness
    def freshness(self, now: dt.datetime, max_age: dt.timedelta) -> Verdict:
        if not self.anchored.ok or self.listed is None:
            return verdict("needs-anchored")
        age = now - self.listed.time
        if age < -MAX_SKEW:
            return verdict("from-the-future")
        shown = max(age, dt.timedelta(0))
        reason = "fresh" if shown <= max_age else "stale"
        return verdict(reason, age=_span(shown), limit=_span(max_age))

    # what goes with the verdicts
    def as_of(self) -> AsOf | None:
        """When and where, once the anchor is confirmed."""
        if not self.anchored.ok or self.listed is None or self.trust is None:
            return None
        listed, chain = self.listed, self.trust.chain
        place = (listed.member, listed.seq, listed.size, listed.block, listed.time)
        return AsOf(*place, chain.id, chain.registry, chain.embedded)

    def disclosed(self) -> Mapping[str, Any]:
        """What the credential shows."""
        return evidence.shown_fields(self.bundle) if isinstance(self.bundle, LicenseBundle) else {}

    def _known(self) -> tuple[TrustFile, TrustMember]:
        if self.trust is None:
            raise refute("no-trust-file")
        if self.member is None:
            raise refute("member-unknown", member=self.bundle.anchor.member)
        return self.trust, self.member

    def _key(self, bundle: LicenseBundle) -> Key | None:
        _, member = self._known()
        return member.key(bundle.claims.kid)

    def _need(self, *, logged: bool) -> None:
        if not self.anchored.ok:
            raise refute("needs-anchored")
        if logged and not self.logged.ok:
            raise refute("needs-logged")


def _answer(step: Callable[[], Verdict]) -> Verdict:
    try:
        return step()
    except Refuted as refuted:
        return refuted.answer


def _check_standing(standing: Standing) -> None:
    if standing is Standing.DISOWNED:
        raise refute("key-disowned")
    if standing is not Standing.ENTITLED:
        raise refute("key-not-entitled")


def _span(span: dt.timedelta) -> str:
    """A span of time for people: ``3 d 4 h``, ``5 h``, ``12 min``."""
    minutes = int(span.total_seconds()) // 60
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h" if hours else f"{minutes} min"
