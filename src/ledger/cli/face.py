"""A licence's face for the screen: the items that the law puts on it, in its order, under the family's own labels.

What it leaves out: everything that is not for a reader (internal codes, the copy of the labels); ``--json`` has it all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ledger.cli.output import Out, plain
from ledger.license.families import Family, face_labels
from ledger.license.words import Text

ORDER = (
    "uscc",
    "name",
    "subject_type_label",
    "composition",
    "heads",
    "capital_amount",
    "establishment_date",
    "premises",
    "scope_text",
    "term_from",
    "authority",
    "issue_date",
)
"""Fields in the order of the 2019 licence form."""

_CURRENCIES = {
    "156": Text("人民币", "CNY"),
    "344": Text("港元", "HKD"),
    "392": Text("日元", "JPY"),
    "446": Text("澳门元", "MOP"),
    "702": Text("新加坡元", "SGD"),
    "826": Text("英镑", "GBP"),
    "840": Text("美元", "USD"),
    "901": Text("新台币", "TWD"),
    "978": Text("欧元", "EUR"),
}
"""Numeric code of ISO 4217 → name; of any other currency the code itself is shown."""


def rows(out: Out, record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and value of each item that the record (or what is disclosed of it) has.

    Args:
        out: decides the languages.
        record: the record's JSON object, whole or in part.
    """
    labels = _labels(record)
    found = [(_label(out, labels, name), _value(out, name, record)) for name in ORDER if name in record]
    return found + list(_numbers(out, record))


def _labels(record: Mapping[str, Any]) -> dict[str, Text]:
    """The family's labels; a company's where the family is not disclosed."""
    try:
        return face_labels(Family(record.get("family", Family.COMPANY)))
    except ValueError:
        return face_labels(Family.COMPANY)


def _label(out: Out, labels: Mapping[str, Text], name: str) -> str:
    label = labels.get(name)
    if label is None:
        return out.text(f"item.{name}")
    return _words(out, label)


def _words(out: Out, words: Text) -> str:
    return {"zh": words.zh, "en": words.en}.get(out.lang, f"{words.zh}  [dim]{words.en}[/]")


def _value(out: Out, name: str, record: Mapping[str, Any]) -> str:
    value = record[name]
    if name == "heads" and isinstance(value, Sequence):
        return plain("、".join(_head(item) for item in value))
    if name == "capital_amount":
        code = str(record.get("capital_currency", ""))
        currency = _CURRENCIES.get(code)
        return f"{plain(value)} {_words(out, currency) if currency else plain(code)}".strip()
    if name == "term_from":
        return f"{plain(value)} — {plain(record.get('term_to') or '') or out.text('item.forever')}"
    if name == "authority" and isinstance(value, Mapping):
        return plain(f"{value.get('name', '')}（{value.get('code', '')}）")
    return plain(value)


def _head(item: Any) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    delegate = item.get("delegate_name")
    return f"{item.get('name', '')}（委派代表：{delegate}）" if delegate else str(item.get("name", ""))


def _numbers(out: Out, record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("cert_identifier", "version"):
        if name in record:
            yield out.text(f"item.{name}"), plain(record[name])
