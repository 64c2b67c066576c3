"""Registry rows to drafts: the column names that registries use, Chinese headings, and our own.

Registration systems exchange ENTNAME, UNISCID, REGCAP … (public packets of the former 工商 systems); clerks keep
workbooks with Chinese headings. Both become a draft with the record's own names. Amounts in 万元 become yuan, dates of
three spellings ISO dates, a scope printed in the standard wording its items.

What it leaves out: reading files, and every rule about the values (``draft``, ``rules``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.encoding import parse_date
from ledger.errors import FormatError, RecordError
from ledger.license import draft as drafts
from ledger.license.draft import spell_amount
from ledger.license.families import FAMILIES, GENERAL, PERMITTED, SCOPE_CLAUSES, SCOPE_HEADINGS, subject_types

OPERATING = frozenset({"1", "存续", "在业", "在营", "开业", "存续（在营、开业、在册）"})
"""Values of OPSTATE for a subject that may be imported as active; what became of others is entered as its event."""

_DATE = re.compile(r"([0-9]{4})(-|/|年|)([0-9]{1,2})(-|/|月|)([0-9]{1,2})日?(?:[T ]00:00:00)?")
_TEN_THOUSANDS = re.compile(r"[0-9]{1,14}(\.[0-9]{1,6})?")
_SEPARATORS = re.compile(r"[;；、\n]")
_NO_END = frozenset({"长期", "永久", "无固定期限", "9999-12-31"})

Convert = Callable[[str, str], Any]


class Mapped(NamedTuple):
    """A row as a draft.

    Attributes:
        draft: fields of ``draft.FIELDS``, and ``issue_date`` and ``decision_no`` where the row has them.
        ignored: columns that were not taken, in the row's order: known ones that a licence does not show, such as a
            telephone number, and unknown ones.
    """

    draft: dict[str, Any]
    ignored: tuple[str, ...]


def to_draft(row: Mapping[str, Any], *, organ: Mapping[str, Any] | None = None) -> Mapped:
    """Make a draft of a row.

    A column may have a registry's name (``ENTNAME``), a Chinese heading (``名称``) or the draft's own name; an empty
    cell counts as absent. Values of the draft's own names that are not strings (from JSON) are taken as they are;
    numbers under a registry's names or a heading are converted like their text.

    Args:
        row: column → value.
        organ: the draft's ``authority`` of licences whose row names none. Registries name only its division, which is
            then put in the place of the organ's own.

    Raises:
        RecordError: a value cannot be converted, two columns mean the same field, or the subject is not operating.
    """
    draft: dict[str, Any] = {}
    ignored: list[str] = []
    for column, value in row.items():
        if value is None or value == "":
            continue
        target = _target(column)
        if target is None:
            ignored.append(column)
            continue
        field, convert = target
        cell = value if _is_own(column) else _cell(column, value)
        converted = convert(column, cell.strip()) if isinstance(cell, str) else cell
        if field in draft and draft[field] != converted:
            _refuse(column, "column.twice", f"与另一列同为 {field}", f"another column is {field} too")
        draft[field] = converted
    draft.pop(_STATE, None)
    named = draft.get("authority", {})
    if organ is not None and isinstance(named, Mapping):  # anything else is for the rules to refuse
        draft["authority"] = {**organ, **named}
    return Mapped(_finish(draft), tuple(ignored))


def _refuse(column: str, rule: str, zh: str, en: str) -> Any:
    raise RecordError(column, rule, f"{column}：{zh}", f"{column}: {en}")


def _is_own(column: str) -> bool:
    return column in drafts.FIELDS or column in _ABOUT_THE_VERSION


def _cell(column: str, value: Any) -> str:
    """A registry's value as the text that its column is converted from; JSON may have it as a number."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(column, "column.type", "应为文字或数字", "a text or a number is expected")
    return repr(value)


def _target(column: str) -> tuple[str, Convert] | None:
    if _is_own(column):
        return column, _OWN.get(column, _text)
    return _COLUMNS.get(column)


# ---- cells -------------------------------------------------------------------------------------------------------


def _text(_column: str, cell: str) -> str:
    return cell


def _date(column: str, cell: str) -> str:
    match = _DATE.fullmatch(cell)
    compact = match is not None and not match[2] and not match[4]
    if match is None or (compact and len(cell) != 8) or bool(match[2]) != bool(match[4]):
        return str(_refuse(column, "import.date", f"不是日期：{cell[:20]}", f"not a date: {cell[:20]}"))
    text = f"{match[1]}-{int(match[3]):02d}-{int(match[5]):02d}"
    try:
        parse_date(text)
    except FormatError:
        _refuse(column, "import.date", f"没有这一天：{cell[:20]}", f"no such day: {cell[:20]}")
    return text


def _end(column: str, cell: str) -> str | None:
    """The end of a term; 长期 and its kin are no date but its absence."""
    return None if cell in _NO_END else _date(column, cell)


def _ten_thousands(column: str, cell: str) -> str:
    """万元, at most six decimals, to yuan: the decimal string of the record."""
    digits = cell.replace(",", "")
    if not _TEN_THOUSANDS.fullmatch(digits):
        _refuse(column, "import.amount", f"不是以万元计的金额：{cell[:30]}", f"not an amount in 万元: {cell[:30]}")
    return spell_amount(Decimal(digits) * 10_000)


def _people(_column: str, cell: str) -> list[str]:
    return [name.strip() for name in _SEPARATORS.split(cell) if name.strip()]


def _division(_column: str, cell: str) -> dict[str, str]:
    return {"division": cell}


def _count(column: str, cell: str) -> dict[str, int]:
    if not re.fullmatch(r"[0-9]{1,2}", cell):
        _refuse(column, "import.count", f"不是份数：{cell[:10]}", f"not a number of copies: {cell[:10]}")
    return {"originals": 1, "duplicates": int(cell)}


def _operating(column: str, cell: str) -> str:
    if cell not in OPERATING:
        zh = f"主体状态为 {cell[:20]}，只导入存续的；其后的事项另行登记"
        _refuse(column, "import.state", zh, f"state {cell[:20]}: import it as active, then enter what happened")
    return cell


_STATE = "state"
_ABOUT_THE_VERSION = ("issue_date", "decision_no")
_OWN: dict[str, Convert] = {
    "establishment_date": _date,
    "issue_date": _date,
    "term_from": _date,
    "term_to": _end,
    "heads": _people,
}
"""Conversions of columns with the draft's own names, where a text needs one."""

_REGISTRY: dict[str, tuple[str, Convert]] = {
    "UNISCID": ("uscc", _text),
    "ENTNAME": ("name", _text),
    "ENTTYPE": ("subject_type_code", _text),
    "LEREP": ("heads", _people),
    "REGCAP": ("capital_amount", _ten_thousands),
    "REGCAPCUR": ("capital_currency", _text),
    "DOM": ("premises", _text),
    "OPSCOPE": ("scope_text", _text),
    "OPFROM": ("term_from", _date),
    "OPTO": ("term_to", _end),
    "ESTDATE": ("establishment_date", _date),
    "APPRDATE": ("issue_date", _date),
    "COMPFORM": ("composition", _text),
    "REGORG": ("authority", _division),
    "COPYNUM": ("copies", _count),
    "OPSTATE": (_STATE, _operating),
}
"""What registries call a column. Others, such as INDUSTRYCO, POSTCODE and PHONE, a licence does not show."""

_HEADINGS: dict[str, tuple[str, Convert]] = {
    "统一社会信用代码": ("uscc", _text),
    "名称": ("name", _text),
    "企业名称": ("name", _text),
    "类型代码": ("subject_type_code", _text),
    "类型": ("subject_type_label", _text),
    "组成形式": ("composition", _text),
    "成立日期": ("establishment_date", _date),
    "注册日期": ("establishment_date", _date),
    "发照日期": ("issue_date", _date),
    "核准日期": ("issue_date", _date),
    "币种": ("capital_currency", _text),
    "决定文号": ("decision_no", _text),
    "期限起": ("term_from", _date),
    "期限止": ("term_to", _end),
    "登记机关区划": ("authority", _division),
    "副本数": ("copies", _count),
    "状态": (_STATE, _operating),
}


def _headings() -> dict[str, tuple[str, Convert]]:
    """The headings above and every family's own labels for people, capital, place and scope."""
    found = dict(_HEADINGS)
    for rules in FAMILIES.values():
        found[rules.head.zh] = ("heads", _people)
        found[rules.premises.zh] = ("premises", _text)
        found[rules.scope.zh] = ("scope_text", _text)
        if rules.capital is not None:
            found[f"{rules.capital.zh}（元）"] = ("capital_amount", _text)
            found[f"{rules.capital.zh}（万元）"] = ("capital_amount", _ten_thousands)
    return found


_COLUMNS = {**_REGISTRY, **_headings()}


# ---- the row as a whole ------------------------------------------------------------------------------------------


def _finish(draft: dict[str, Any]) -> dict[str, Any]:
    draft = {name: value for name, value in draft.items() if value is not None}
    if "scope_items" not in draft and isinstance(draft.get("scope_text"), str):
        items = scope_items(draft["scope_text"])
        if items:
            del draft["scope_text"]
            draft["scope_items"] = items
    kind = subject_types().get(str(draft.get("subject_type_code")))
    if kind is not None and kind.family is not None:
        _drop_what_the_family_has_not(draft, FAMILIES[kind.family].term is None, FAMILIES[kind.family].capital is None)
    return draft


def _drop_what_the_family_has_not(draft: dict[str, Any], no_term: bool, no_capital: bool) -> None:  # noqa: FBT001 private, called once
    """Registries fill columns for every kind of subject; what this kind's licence cannot show is left out."""
    if no_term:
        draft.pop("term_from", None)
        draft.pop("term_to", None)
    if no_capital:
        draft.pop("capital_currency", None)
        if draft.get("capital_amount") == "0":
            del draft["capital_amount"]


def scope_items(text: str) -> list[dict[str, str]]:
    """The items of a scope in the standard wording; empty where the wording is another.

    Only what renders back to the very same text counts as standard: free text is never cut up by guess.
    """
    items: list[dict[str, str]] = []
    rest = text
    for kind in (PERMITTED, GENERAL):
        head, tail = f"{SCOPE_HEADINGS[kind].zh}：", f"。{SCOPE_CLAUSES[kind]}"
        if rest.startswith(head):
            listed, found, rest = rest[len(head) :].partition(tail)
            if not found:
                return []
            items += [{"text": item, "kind": kind} for item in listed.split("；")]
    return [] if rest or any(not item["text"] for item in items) else items
