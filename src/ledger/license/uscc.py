"""统一社会信用代码: the 18-character credit code of GB 32100-2015, checked layer by layer.

Layers, in the order in which they are checked; the first one broken is the one reported:

1. ``uscc.type`` a string · 2. ``uscc.length`` 18 characters · 3. ``uscc.alphabet`` 31 characters, no I O S V Z
4. ``uscc.department`` [1] and ``uscc.category`` [2] that GB 32100 defines · 5. ``uscc.region`` [3–8] digits
6. ``uscc.organisation`` [9–17] the organisation code with its own check character (GB 11714)
7. ``uscc.check`` [18] the check character (GB/T 17710)

A region that is not in GB/T 2260 is a warning: codes in use have 100000 and 110302. The region is where the subject
was *first* registered; nothing may be inferred from it about who issues its licence now.

What it leaves out: whether anybody bears the code.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ledger.errors import FormatError
from ledger.license import divisions

LENGTH = 18
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015, 4.3: digits and capital letters without I, O, S, V and Z."""

CATEGORIES = {
    "1": "1239",  # 机构编制: 机关, 事业单位, 群众团体, 其他
    "2": "19",  # 外交
    "3": "123459",  # 司法行政
    "4": "19",  # 文化
    "5": "1239",  # 民政: 社会团体, 民办非企业单位, 基金会, 其他
    "6": "129",  # 旅游
    "7": "129",  # 宗教
    "8": "19",  # 工会
    "9": "123",  # 市场监管: 企业, 个体工商户, 农民专业合作社
    "A": "19",  # 军委改革和编制办公室
    "N": "1239",  # 农业农村
    "Y": "1",  # 其他
}
"""Department (first character) and its categories (second), GB 32100-2015 table 1 with amendment 1 (2016)."""

REGISTRY = "9"
ENTERPRISE, HOUSEHOLD, COOPERATIVE = "1", "2", "3"
"""Categories of department 9: who may hold a business licence."""

_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_ORGANISATION_VALUES = {c: i for i, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_CHECKS = "0123456789X"
_DIGITS = frozenset("0123456789")


class Fault(NamedTuple):
    """What is wrong with a code: the layer's rule id and the reason in both languages."""

    rule: str
    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} / {self.en} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Uscc:
    """A credit code that passed every layer.

    Attributes:
        code: the 18 characters.
        department: [1], who registers.
        category: [2], kind of subject within the department.
        division: [3–8], where it was first registered.
        organisation: [9–17], the organisation code with its check character.
        check: [18].
        warnings: what is unusual but not wrong.
    """

    code: str
    department: str
    category: str
    division: str
    organisation: str
    check: str
    warnings: tuple[str, ...]


def check_character(body: str) -> str:
    """Character 18 for the first 17: ``(31 − Σ wᵢ·vᵢ mod 31) mod 31`` (GB 32100-2015, 4.2.5).

    The outer ``mod`` matters: without it the 3 % of codes that end in '0' are refused.

    Args:
        body: 17 characters of :data:`ALPHABET`.

    Raises:
        FormatError: another length.
    """
    if len(body) != 17:
        raise FormatError(f"17 characters expected, got {len(body)}")
    total = sum(map(operator.mul, _WEIGHTS, map(_VALUES.__getitem__, body)))
    return ALPHABET[(31 - total % 31) % 31]


def organisation_check(body: str) -> str:
    """Check character of an organisation code (GB 11714-1997): ``11 − Σ wᵢ·vᵢ mod 11``, 10 is X and 11 is 0.

    Args:
        body: 8 digits or capital letters.

    Raises:
        FormatError: another length.
    """
    if len(body) != 8:
        raise FormatError(f"8 characters expected, got {len(body)}")
    total = sum(map(operator.mul, _ORGANISATION_WEIGHTS, map(_ORGANISATION_VALUES.__getitem__, body)))
    return _ORGANISATION_CHECKS[(11 - total % 11) % 11]


def fault(code: object) -> Fault | None:
    """The first layer that a code breaks, or None. For callers that collect errors instead of raising."""
    if not isinstance(code, str):
        return Fault("uscc.type", "统一社会信用代码应为字符串", "a credit code is a string")
    if len(code) != LENGTH:
        return Fault("uscc.length", f"应为18位，现为{len(code)}位", f"18 characters expected, got {len(code)}")
    if not _VALUES.keys() >= set(code):
        return next(_alphabet_fault(n, c) for n, c in enumerate(code, 1) if c not in _VALUES)
    return _meaning_fault(code) or _check_fault(code)


def _alphabet_fault(position: int, character: str) -> Fault:
    shown = ascii(character)
    return Fault(
        "uscc.alphabet",
        f"第{position}位 {shown} 不是允许的字符（数字与大写字母，不含 I O S V Z）",
        f"character {position}, {shown}, is not in the alphabet (digits and capitals without I O S V Z)",
    )


def _meaning_fault(code: str) -> Fault | None:
    categories = CATEGORIES.get(code[0])
    if categories is None:
        return Fault("uscc.department", f"登记管理部门代码 {code[0]} 不存在", f"department {code[0]} does not exist")
    if code[1] not in categories:
        return Fault("uscc.category", f"机构类别代码 {code[:2]} 不存在", f"category {code[:2]} does not exist")
    if not _DIGITS.issuperset(code[2:8]):
        return Fault("uscc.region", f"区划 {code[2:8]} 应为6位数字", f"division {code[2:8]} must be six digits")
    return None


def _check_fault(code: str) -> Fault | None:
    want = organisation_check(code[8:16])
    if code[16] != want:
        return Fault(
            "uscc.organisation",
            f"组织机构代码校验位应为 {want}，现为 {code[16]}",
            f"organisation check character must be {want}, got {code[16]}",
        )
    want = check_character(code[:17])
    if code[17] != want:
        return Fault(
            "uscc.check", f"校验位应为 {want}，现为 {code[17]}", f"check character must be {want}, got {code[17]}"
        )
    return None


def license_fault(code: object) -> Fault | None:
    """Like :func:`fault`, also refusing a code whose bearer cannot hold a business licence (not 91, 92, 93)."""
    found = fault(code)
    if found is None and str(code)[0] != REGISTRY:
        return Fault(
            "uscc.not_licensable",
            f"代码以 {str(code)[:2]} 开头，营业执照主体应以 91、92 或 93 开头",
            f"the code begins with {str(code)[:2]}; the holder of a business licence has 91, 92 or 93",
        )
    return found


def organ_fault(code: object) -> Fault | None:
    """Like :func:`fault`, also refusing a code that no issuing organ can have (not 11 or 12)."""
    return _organ_fault(code) if isinstance(code, str) else fault(code)


@lru_cache(maxsize=1024)  # a node has few organs and asks for one at every licence
def _organ_fault(code: str) -> Fault | None:
    found = fault(code)
    if found is None and code[:2] not in ("11", "12"):
        return Fault(
            "uscc.not_organ",
            f"代码以 {code[:2]} 开头，登记机关应以 11（机关）或 12（事业单位）开头",
            f"the code begins with {code[:2]}; an issuing organ has 11 or 12",
        )
    return found


def validate(code: object) -> Uscc:
    """Validate a credit code of any department (GB 32100-2015).

    Args:
        code: 18 characters.

    Raises:
        FormatError: a layer is broken; the message names its rule id.
    """
    return _parsed(code, fault(code))


def validate_license_subject(code: object) -> Uscc:
    """Validate the code of somebody who may hold a business licence: department 9.

    Raises:
        FormatError: as :func:`validate`, or the code does not begin with 91, 92 or 93.
    """
    return _parsed(code, license_fault(code))


def validate_organ(code: object) -> Uscc:
    """Validate the code of an organ that issues licences: 11 (机关) or 12 (事业单位).

    Raises:
        FormatError: as :func:`validate`, or another department or category.
    """
    return _parsed(code, organ_fault(code))


def _parsed(code: object, found: Fault | None) -> Uscc:
    if found is not None:
        raise FormatError(str(found))
    text = str(code)
    return Uscc(text, text[0], text[1], text[2:8], text[8:17], text[17], divisions.warnings(text[2:8]))
