"""A trust file as a signed note: parsed strictly, signed and co-signed by members.

The text is two lines: ``tongban-ledger/trust/v1`` and one canonical JSON object. Each signature line is by an active
member that the object lists, under the name of its log and with a checkpoint key in use; one line for each member, in
the order of their codes. A line by anybody else refuses the file.

What it leaves out: whether the verifier has reason to believe the signers (``pins``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ledger import canonical
from ledger.directory import Key
from ledger.errors import FormatError, SignatureError, TrustError
from ledger.keys import Signer, verify_ed25519
from ledger.merkle.checkpoint import origin
from ledger.merkle.note import Signature, key_hash, parse_note, sign_note
from ledger.trust.checks import check_coherent
from ledger.trust.model import MemberStatus, TrustFile, TrustMember

HEADER = "tongban-ledger/trust/v1"
MAX_TRUST = 1 << 26
"""Largest trust file in bytes (64 MiB, some 100,000 anchors): looked at before anything is parsed."""


def parse(data: bytes) -> TrustFile:
    """Parse a trust file, check that it is coherent and that every signature verifies.

    The caller must still ask :func:`ledger.trust.check` whether these signers are to be believed.

    Raises:
        FormatError: not a trust file in its one spelling.
        TrustError: it contradicts itself, or a line is by somebody who may not sign it.
        SignatureError: a signature does not verify.
    """
    text, lines = parse_note(data, max_size=MAX_TRUST)
    trust = _parse_text(text)
    members = {origin(member.log): member for member in trust.members}
    signers = tuple(_signer(members.get(line.name), line, text.encode()) for line in lines)
    codes = [member for member, _ in signers]
    if codes != sorted(set(codes)):
        raise FormatError("signature lines are one for each member, in the order of the members")
    return replace(trust, signers=signers)


def to_text(trust: TrustFile) -> str:
    """The two lines that are signed.

    Raises:
        TrustError: the file contradicts itself.
    """
    check_coherent(trust)
    return f"{HEADER}\n{canonical.dumps(trust.to_json()).decode()}\n"


def sign(trust: TrustFile, signers: Sequence[tuple[int, Signer]]) -> bytes:
    """Sign a trust file.

    Args:
        trust: as built from a directory.
        signers: member codes and their checkpoint keys.

    Raises:
        TrustError: the file contradicts itself, or somebody may not sign it.
        FormatError: there is no signer, or one twice.
    """
    named = [(_origin(trust, code), signer) for code, signer in sorted(signers, key=lambda item: item[0])]
    data = sign_note(to_text(trust), named)
    parse(data)
    return data


def cosign(data: bytes, signers: Sequence[tuple[int, Signer]]) -> bytes:
    """Add signatures to a trust file that others signed before.

    Raises:
        FormatError, TrustError, SignatureError: the file does not hold, or as :func:`sign`.
    """
    trust = parse(data)
    text, _, old = data.decode().rpartition("\n\n")
    added = sign_note(text + "\n", [(_origin(trust, code), signer) for code, signer in signers]).decode()
    lines = old.splitlines(keepends=True) + added.rpartition("\n\n")[2].splitlines(keepends=True)
    order = {_origin(trust, member.member): member.member for member in trust.members}
    lines.sort(key=lambda line: order[line.split(" ")[1]])
    signed = (text + "\n\n" + "".join(lines)).encode()
    parse(signed)
    return signed


def _parse_text(text: str) -> TrustFile:
    lines = text.split("\n")
    if len(lines) != 3 or lines[0] != HEADER:
        raise FormatError(f"a trust file is the line {HEADER} and one line of JSON")
    trust = TrustFile.from_json(canonical.loads_object(lines[1].encode()))
    check_coherent(trust)
    return trust


def _signer(member: TrustMember | None, line: Signature, message: bytes) -> tuple[int, bytes]:
    """Who signed a line. Key hashes are four bytes, so two keys of a member may share one: any of them will do."""
    if member is None or member.status is not MemberStatus.ACTIVE:
        raise TrustError(f"signed by {line.name}, which is no active member")
    candidates = [key for key in member.signing_keys() if key_hash(line.name, key.public) == line.key_hash]
    if not candidates:
        raise TrustError(f"member {member.member} signed with a key that is not in use", got=line.key_hash)
    for key in candidates:
        if _verifies(key, line, message):
            return member.member, key.public
    raise SignatureError(f"the signature of member {member.member} does not verify")


def _verifies(key: Key, line: Signature, message: bytes) -> bool:
    try:
        verify_ed25519(key.public, message, line.signature)
    except (SignatureError, FormatError):
        return False
    return True


def _origin(trust: TrustFile, code: int) -> str:
    member = trust.member(code)
    if member is None:
        raise TrustError(f"{code} is not a member of this registry")
    return origin(member.log)
