"""docs/records.md says what the code says: fields, families, rules and transitions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ledger.license.draft import FIELDS as DRAFT_FIELDS
from ledger.license.families import FAMILIES, Family
from ledger.license.import_mapping import _REGISTRY
from ledger.license.lifecycle import TABLE
from ledger.license.shapes import FIELDS
from ledger.license.status import Event
from ledger.license.words import EVENT_WORDS

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "records.md").read_text(encoding="utf-8")
RULE = re.compile(r'"([a-z_]+\.[a-z_0-9]+)"')
BUILT = {f"identifier.{part}" for part in ("type", "issuer", "version")} | {
    f"request.{name}" for name in ("until", "flag", "versions", "simple", "arriving", "version", "suspended_before")
}
"""Rule ids that the code puts together."""


def rows(first: str) -> dict[str, list[str]]:
    """The rows of the table whose heading begins with that cell: first cell → all cells."""
    block = TEXT.split(f"| {first} |", 1)[1].split("\n\n", 1)[0]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()[2:]]
    return {cells[0].strip("`"): cells for cells in lines}


def test_every_rule_is_written_down_and_no_other() -> None:
    sources = (ROOT / "src" / "ledger" / "license").glob("*.py")
    found = {rule for path in sources for rule in RULE.findall(path.read_text(encoding="utf-8"))} - {"ledger.license"}
    written = {rule for rule in re.findall(r"`([a-z_]+\.[a-z_]+)`", TEXT) if not rule.endswith(".csv")}
    assert written == found | BUILT


def test_every_field_is_written_down() -> None:
    table = rows("field")
    assert list(table) == list(FIELDS)
    for name, field in FIELDS.items():
        assert (table[name][3] == "always") <= field.required, name
        assert field.required <= table[name][3].startswith("always"), name


@pytest.mark.parametrize("family", Family)
def test_every_family_is_written_down(family: Family) -> None:
    rules, cells = FAMILIES[family], rows("family")[family]
    assert cells[1:] == [
        rules.name.zh,
        f"{rules.head.zh} (`{rules.head_role}`)",
        "–" if rules.capital is None else rules.capital.zh,
        rules.premises.zh,
        "–" if rules.term is None else rules.term.zh,
        rules.date.zh,
        rules.scope.zh,
        f"9{rules.category}",
    ]


@pytest.mark.parametrize("event", Event)
def test_every_event_is_written_down(event: Event) -> None:
    cells = rows("event")[event]
    assert cells[1] == EVENT_WORDS[event].zh
    states = set(cells[2].split(", ")) - {"nothing"}
    if event in TABLE:
        known = {state.value for state in TABLE[event].sources}
        assert states == ({"any"} if len(known) == 8 else known)
    else:
        assert states == set()
    assert (event in (Event.ESTABLISH, Event.IMPORT_LEGACY, Event.MOVE_ACCEPT)) == ("nothing" in cells[2])


def test_every_column_of_a_registry_is_written_down() -> None:
    table = rows("column of a registry").values()
    written = {name: cells[2] for cells in table for name in re.findall(r"[A-Z]{3,}", cells[0])}
    assert set(written) == set(_REGISTRY)
    for name, (field, _) in _REGISTRY.items():
        if field in DRAFT_FIELDS:
            assert f"`{field}`" in written[name], name
