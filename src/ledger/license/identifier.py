"""电子证照标识: the identifier of one version of an electronic licence.

``1.2.156.3005.2.<type>.<issuer>.<serial>.<version>.<check>``; the check character is ISO 7064 MOD 37,36 over
type ‖ issuer ‖ serial ‖ version, without root and dots. The layout was confirmed on public identifiers, not on the
text of GB/T 36904, so nothing here claims conformity with it.

What it leaves out: whether the issuer may issue that type (``rules``), and making the serial.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ledger.errors import FormatError
from ledger.license import uscc

ROOT = "1.2.156.3005.2"
"""Object identifier of electronic licences; not covered by the check character."""

BUSINESS_LICENSE = "11100000MB0143028R001"
"""Type code of 营业执照: the credit code of the organ that defines it, and a three-digit number."""

MAX_VERSION = 999
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_TYPE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}[0-9]{3}")
_ISSUER = re.compile(r"[0-9]{6}|[0-9A-HJ-NPQRTUWXY]{18}")
_SERIAL = re.compile(r"[0-9A-Z]{1,40}")
_VERSION = re.compile(r"[0-9]{3}")


@dataclass(frozen=True, slots=True)
class CertIdentifier:
    """The parts of an identifier.

    Attributes:
        type_code: 18-character credit code of the defining organ and three digits.
        issuer: credit code of the issuing organ (18), or a six-digit division where an issuer uses that.
        serial: 1..40 digits and capitals, the issuer's own.
        version: 1..999.
    """

    type_code: str
    issuer: str
    serial: str
    version: int

    def __str__(self) -> str:
        body = (self.type_code, self.issuer, self.serial, f"{self.version:03d}")
        return ".".join((ROOT, *body, check_character("".join(body))))


@lru_cache(maxsize=256)  # what is built is parsed at once by the rules
def check_character(body: str) -> str:
    """ISO 7064 MOD 37,36 (the hybrid system with modulus 36) over digits and capital letters.

    Raises:
        FormatError: another character.
    """
    product = 36
    for character in body:
        value = _VALUES.get(character)
        if value is None:
            raise FormatError(f"标识含不允许的字符 / not a digit or capital letter: {character!a}")
        product = ((product + value) % 36 or 36) * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def build(type_code: str, issuer: str, serial: str, version: int) -> str:
    """Spell the identifier of one version.

    Args:
        type_code: 18 characters and three digits, such as :data:`BUSINESS_LICENSE`.
        issuer: credit code of the issuing organ, or a six-digit division.
        serial: 1..40 digits and capitals.
        version: 1..999.

    Raises:
        FormatError: a part is not of its form.
    """
    check_type_code(type_code)
    _require(_ISSUER, issuer, "颁发机构代码", "issuer code")
    _require(_SERIAL, serial, "流水号", "serial")
    if type(version) is not int or not 1 <= version <= MAX_VERSION:
        raise FormatError(f"版本号应为 001–999 / version must be in 1..999: {version!r}")
    return str(CertIdentifier(type_code, issuer, serial, version))


def check_type_code(text: object) -> None:
    """Check a licence type code: the defining organ's credit code, right to its check characters, and three digits.

    Raises:
        FormatError: another form.
    """
    if not isinstance(text, str) or not _is_type_code(text):
        raise FormatError(f"证照类型代码格式不符 / type code is malformed: {text!a}")


@lru_cache(maxsize=64)  # a handful of types, asked for at every licence
def _is_type_code(text: str) -> bool:
    return _TYPE.fullmatch(text) is not None and uscc.fault(text[:18]) is None


def parse(text: object) -> CertIdentifier:
    """Parse an identifier and check its check character.

    Raises:
        FormatError: another form, or the check character is wrong.
    """
    if not isinstance(text, str) or not text.startswith(ROOT + "."):
        raise FormatError(f"电子证照标识应以 {ROOT}. 开头 / an identifier begins with {ROOT}.")
    return _parse(text)


@lru_cache(maxsize=256)  # one issue asks three times for the same identifier
def _parse(text: str) -> CertIdentifier:
    parts = text[len(ROOT) + 1 :].split(".")
    if len(parts) != 5:
        raise FormatError(f"根之后应有五段 / five parts expected after the root, got {len(parts)}")
    type_code, issuer, serial, version, check = parts
    _require(_VERSION, version, "版本号", "version")
    rebuilt = build(type_code, issuer, serial, int(version))
    if rebuilt != text:
        want = rebuilt[-1]
        raise FormatError(f"校验位应为 {want}，现为 {check} / check character must be {want}, got {check}")
    return CertIdentifier(type_code, issuer, serial, int(version))


def check(text: object) -> None:
    """Check an identifier for a caller who does not need its parts.

    Raises:
        FormatError: as :func:`parse`.
    """
    parse(text)


def _require(pattern: re.Pattern[str], text: object, zh: str, en: str) -> None:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise FormatError(f"{zh}格式不符 / {en} is malformed: {text!a}")
