"""The trust file: what an offline verifier needs besides a bundle, and whom it believes for it.

::

    trust = parse(data)               # well-formed, coherent, every signature verifies
    pins = check(trust, pins)         # signed by those whom this verifier pinned; or, at first use,
    pins = pin(trust)

A node makes one with :func:`build` from its directory and lets the members :func:`sign` and :func:`cosign` it.

What it leaves out: files, clocks, and asking a person (``ledger.cli``). A trust file is not evidence by itself: it
says what its signers say the chain says.
"""

from ledger.trust.checks import check_coherent
from ledger.trust.model import BlockInfo, ChainInfo, MemberStatus, TrustFile, TrustMember, build
from ledger.trust.note import HEADER, MAX_TRUST, cosign, parse, sign, to_text
from ledger.trust.parts import Adoption
from ledger.trust.pins import Pins, RegistryPins, check, pin

__all__ = [
    "HEADER",
    "MAX_TRUST",
    "Adoption",
    "BlockInfo",
    "ChainInfo",
    "MemberStatus",
    "Pins",
    "RegistryPins",
    "TrustFile",
    "TrustMember",
    "build",
    "check",
    "check_coherent",
    "cosign",
    "parse",
    "pin",
    "sign",
    "to_text",
]
