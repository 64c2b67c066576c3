"""Does a bundle prove what it holds: steps 2 and 3 of the argument in ``argument``.

Everything that can be refuted without a key is refuted first, so that a forgery is called one even by a verifier
who has no trust file; only then the signatures, under keys that come from the trust file.

What it leaves out: who was entitled to sign (step 4) and what follows for the licence (step 5).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ledger.bundle.model import Bundle, HistoryBundle, LicenseBundle, Located
from ledger.bundle.verdicts import Answer, Verdict, verdict
from ledger.directory import Key, Standing
from ledger.entry import LicenseEntry, license_subject
from ledger.errors import (
    DisclosureError,
    FormatError,
    InclusionError,
    SignatureError,
    StateProofError,
    VerificationError,
)
from ledger.keys import Purpose, verify_ed25519
from ledger.license import credential, identifier
from ledger.license.credential import Content
from ledger.license.status import NEW_VERSION_EVENTS, Event
from ledger.merkle import verify_inclusion
from ledger.merkle.note import key_hash
from ledger.trust import TrustMember


class Refuted(VerificationError):  # noqa: N818 an answer, caught by the step that asked; it never leaves this package
    """A step's answer, on its way out of the checks that found it."""

    def __init__(self, answer: Verdict) -> None:
        super().__init__(answer.reason)
        self.answer = answer


def refute(reason: str, answer: Answer | None = None, **details: object) -> Refuted:
    """A finding to raise: the verdict that a reason means."""
    return Refuted(verdict(reason, answer, **details))


# --- step 2 -----------------------------------------------------------------------------------------------------------


def check_log_proofs(bundle: Bundle, owner: TrustMember | None) -> None:
    """2.1 to 2.4: what the log is said to hold, without any key.

    Args:
        bundle: any of the three.
        owner: whose log the checkpoint is of by the trust file, or else the anchor's member; None if neither is known.

    Raises:
        Refuted: one of them does not hold.
    """
    # 2.1 One log: of every entry, of the checkpoint, and the member's own.
    logs = {place.entry.log for place in _places(bundle)} | {bundle.checkpoint.log}
    foreign = owner is not None and (owner.log not in logs or owner.member != bundle.anchor.member)
    if len(logs) > 1 or foreign:
        raise refute("wrong-log")
    # 2.2 The checkpoint is of the anchor's very size and root.
    checkpoint, anchor = bundle.checkpoint.checkpoint, bundle.anchor
    if (checkpoint.size, checkpoint.root) != (anchor.size, anchor.log_root):
        raise refute("checkpoint-differs")
    # 2.3 The entries are in the tree of that size and root.
    try:
        _check_included(bundle)
    except (InclusionError, StateProofError) as error:
        raise refute("not-included", detail=str(error)) from error
    # 2.4 They fit together.
    detail = _incoherence(bundle)
    if detail:
        raise refute("entries-incoherent", detail=detail)


def _check_included(bundle: Bundle) -> None:
    for place in _places(bundle):
        verify_inclusion(place.held.leaf, place.index, bundle.anchor.size, bundle.anchor.log_root, place.inclusion)


def check_checkpoint_signature(bundle: Bundle, member: TrustMember, *, covered: bool) -> None:
    """2.5 and 2.6: the checkpoint is signed by the log, with a key entitled at its size.

    Args:
        bundle: any of the three.
        member: whose log it is.
        covered: the trust file has the bundle's anchor, so it lists every key that there was then.

    Raises:
        Refuted: not so; unknown where the key may be newer than the trust file.
    """
    signed = bundle.checkpoint
    name = signed.checkpoint.origin
    keys = [key for key in member.keys_for(Purpose.CHECKPOINT) if key_hash(name, key.public) == signed.key_hash]
    if not keys:
        raise refute("key-unknown", Answer.FAILED if covered else Answer.UNKNOWN, key=signed.key_hash.hex())
    # 2.5 Key hashes are four bytes: whichever of the keys verifies is the one.
    key = _verifying(keys, signed.message, signed.signature)
    # 2.6 A checkpoint of size s vouches for entries up to s - 1.
    if key.standing(bundle.anchor.size - 1) is not Standing.ENTITLED:
        raise refute("checkpoint-key")


def _verifying(keys: Sequence[Key], message: bytes, signature: bytes) -> Key:
    failure: Exception | None = None
    for key in keys:
        try:
            verify_ed25519(key.public, message, signature)
        except (SignatureError, FormatError) as error:
            failure = error
        else:
            return key
    raise refute("checkpoint-invalid", detail=str(failure)) from failure


def _places(bundle: Bundle) -> tuple[Located, ...]:
    if isinstance(bundle, LicenseBundle):
        return bundle.issued, bundle.current
    return bundle.entries if isinstance(bundle, HistoryBundle) else ()


def _incoherence(bundle: Bundle) -> str:
    """What does not fit between a bundle's entries; empty where everything does."""
    if isinstance(bundle, LicenseBundle):
        return _pair_incoherence(bundle.issued, bundle.current)
    return _chain_incoherence(bundle.entries) if isinstance(bundle, HistoryBundle) else ""


def _pair_incoherence(issued: Located, current: Located) -> str:
    """``issued`` made a credential; ``current`` is it, or stands after it in the same history."""
    first, last = issued.entry, current.entry
    if first.subject != last.subject:
        return "two subjects"
    if first.event not in NEW_VERSION_EVENTS:
        return f"{first.event} issues no licence"
    if first.n == last.n:
        same = issued.index == current.index and issued.held.data == current.held.data
        return "" if same else f"two entries with n = {first.n}"
    if last.n < first.n or current.index <= issued.index or last.recorded < first.recorded:
        return "the newest entry comes before the one that issued the licence"
    if last.n == first.n + 1 and last.prev != issued.held.leaf:
        return "prev is not the entry before"
    return _version_incoherence(first, last)


def _version_incoherence(first: LicenseEntry, last: LicenseEntry) -> str:
    if last.version < first.version:
        return "version numbers go back"
    if (last.version == first.version) != (last.digest == first.digest):
        return "one version, two credentials"
    if last.event in NEW_VERSION_EVENTS and last.version == first.version:
        return f"{last.event} without a new version"
    return ""


def _chain_incoherence(entries: Sequence[Located]) -> str:
    """A history is complete: n counts from 0, and each entry names the leaf before it."""
    if entries[0].entry.n != 0:
        return "the history does not begin with n = 0"
    for before, after in itertools.pairwise(entries):
        first, last = before.entry, after.entry
        if last.subject != first.subject or last.n != first.n + 1 or last.prev != before.held.leaf:
            return f"entry {last.n} does not follow entry {first.n}"
        if after.index <= before.index:
            return f"entry {last.n} stands before entry {first.n}"
        if last.recorded < first.recorded:
            return f"entry {last.n} was recorded before entry {first.n}"
        if last.event in NEW_VERSION_EVENTS:
            # A licence that comes back from another province has had versions there.
            skips = last.version > first.version and last.event is Event.MOVE_ACCEPT
            if last.version != first.version + 1 and not skips:
                return f"entry {last.n}: {last.event} without the next version"
        elif (last.version, last.digest) != (first.version, first.digest):
            return f"entry {last.n}: {last.event} cannot change the credential"
    return ""


# --- step 3 -----------------------------------------------------------------------------------------------------------


def check_credential(bundle: LicenseBundle) -> None:
    """3.1 to 3.3: the credential is what the log entry says, and shows nothing that it did not commit to.

    Raises:
        Refuted: not so.
    """
    # 3.1 Every disclosure belongs to the signed payload, once.
    try:
        content = bundle.credential.content
    except DisclosureError as error:
        raise refute("disclosure-mismatch") from error
    # 3.2 The log entry is of these very bytes.
    if bundle.credential.digest != bundle.issued.entry.digest:
        raise refute("digest-mismatch")
    # 3.3 What it says agrees with the entry.
    detail = _contradiction(content, bundle.issued.entry, bundle.anchor.member)
    if detail:
        raise refute("claims-mismatch", detail=detail)


def _contradiction(content: Content, entry: LicenseEntry, member: int) -> str:
    """Where a credential contradicts its entry; empty where it does not."""
    if content.member != member:
        return "iss"
    if content.version != entry.version:
        return "version"
    fields = {shown.name: shown.value for shown in content.disclosures}
    try:
        if "uscc" in fields and license_subject(content.license_type, str(fields["uscc"])) != entry.subject:
            return "uscc"
        if "authority" in fields and _organ(fields["authority"]) != (entry.authority.code, entry.authority.division):
            return "authority"
        if "cert_identifier" in fields:
            parts = identifier.parse(fields["cert_identifier"])
            if (parts.type_code, parts.version) != (content.license_type, content.version):
                return "cert_identifier"
    except FormatError as error:
        return str(error)
    return ""


def _organ(value: object) -> tuple[object, object] | None:
    """Code and division of a disclosed authority, of whatever type they are."""
    if not isinstance(value, dict) or not isinstance(value.get("division"), dict):
        return None
    return value.get("code"), value["division"].get("code")


def shown_fields(bundle: LicenseBundle) -> dict[str, Any]:
    """What a credential shows, for display: fields by name, head persons in order; nothing if it does not hold."""
    content = bundle.claims
    shown: dict[str, Any] = {item.name: item.value for item in content.disclosures if item.name is not None}
    persons = {item.digest: item.value for item in content.disclosures if item.name is None}
    heads = [persons[digest] for digest in content.heads if digest in persons]
    clear = {"license_type": content.license_type, "version": content.version}
    return clear | shown | ({"heads": heads} if heads else {})


def check_credential_signature(bundle: LicenseBundle, key: Key) -> None:
    """3.4: the signature, under the key that ``kid`` names.

    Raises:
        Refuted: it does not verify.
    """
    try:
        credential.verify(bundle.credential, key.public)
    except (SignatureError, DisclosureError, FormatError) as error:
        raise refute("signature-invalid") from error
