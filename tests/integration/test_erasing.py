"""Erasing, and where personal values may stand at all: searched for in every byte of every file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.config import ChainSettings
from ledger.errors import ConflictError, TransitionError
from ledger.license.status import Event
from ledger.services.exporting import export_tiles
from ledger.services.model import Operation
from ledger.services.node import Node
from tests.integration.nodes import Clock, Faults, draft, files_of, reopened

PERSONAL = ("样例人壹", "样例人贰", "重庆市沙坪坝区幽居路一号", "重庆市渝中区新居路二号", "样例人壹病故")
USCC = draft(1)["uscc"]


@pytest.fixture
def erased(node: Node, folder: Path) -> Node:
    """A licence that lived and ended, imported from a file, all of it erased; another one beside it."""
    path = folder / "rows.ndjson"
    path.write_text(json.dumps(draft(1, heads=PERSONAL[0], premises=PERSONAL[2])), encoding="utf-8")
    node.importer.run(path, errors=folder / "errors.ndjson")
    path.unlink()
    node.issuer.issue(draft(2))
    node.sync()
    changes = {"heads": PERSONAL[1], "premises": PERSONAL[3]}
    change = Operation(Event.CHANGE, USCC, changes=changes, facts={"reason": PERSONAL[4]})
    node.issuer.apply(change, idempotency_key="change")
    node.issuer.apply(Operation(Event.DEREGISTER, USCC, facts={"reason": PERSONAL[4]}))
    node.sync()
    node.issuer.apply(Operation(Event.ERASE, USCC, versions=(1, 2)))
    node.sync()
    return node


def found_in(paths: list[Path], values: tuple[str, ...]) -> list[tuple[str, str]]:
    forms = {value: (value.encode(), json.dumps(value)[1:-1].encode(), value.encode("gb18030")) for value in values}
    contents = {path.name: path.read_bytes() for path in paths}
    return [
        (name, value)
        for name, content in contents.items()
        for value, spellings in forms.items()
        if any(spelling in content for spelling in spellings)
    ]


def test_nothing_personal_is_left_in_any_file(erased: Node, folder: Path) -> None:
    own = (*PERSONAL, "重庆样例第1有限公司", USCC)
    assert found_in(files_of(folder), own) == []
    other = found_in(files_of(folder), (draft(2)["name"],))
    assert other, "the search does find what is not erased"
    assert {name for name, _ in other} <= {"ledger.sqlite", "ledger.sqlite-wal"}


def test_an_erased_licence_is_still_found_by_its_number(erased: Node) -> None:
    shown = erased.show(USCC)
    assert (shown.name, shown.record, shown.uscc) == (None, None, USCC)
    assert [line.facts for line in erased.history(USCC)] == [None] * 4
    assert erased.search("样例第1") == []
    with pytest.raises(ConflictError, match="erased"):
        erased.prover.bundle(USCC)


def test_nobody_can_tell_from_the_database_what_was_asked(erased: Node) -> None:
    """The digest of a request is keyed, and gone with what it was about: a retry is refused, not answered."""
    with pytest.raises(ConflictError, match="another request"):
        erased.issuer.apply(
            Operation(Event.CHANGE, USCC, changes={"heads": PERSONAL[1]}, facts={"reason": PERSONAL[4]}),
            idempotency_key="change",
        )


def test_a_living_licence_keeps_its_newest_version(node: Node) -> None:
    node.issuer.issue(draft(1, heads=PERSONAL[0]))
    node.issuer.apply(Operation(Event.CHANGE, USCC, changes={"heads": PERSONAL[1]}, facts={"reason": "继任"}))
    with pytest.raises(TransitionError, match="erase"):
        node.issuer.apply(Operation(Event.ERASE, USCC, versions=(1, 2)))
    node.issuer.apply(Operation(Event.ERASE, USCC, versions=(1,)))
    path = node.settings.data / "ledger.sqlite"
    assert found_in([path], (PERSONAL[0],)) == []
    assert found_in([path], (PERSONAL[1],)) == [("ledger.sqlite", PERSONAL[1])]
    assert node.history(USCC)[1].facts == {"reason": "继任"}, "the reasons of what is in force stay"
    assert node.show(USCC).name == draft(1)["name"]


def test_log_tiles_chain_and_calldata_never_held_anything_personal(
    node: Node, folder: Path, chain: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    inner = chain.request

    def watch(method: str, *params: Any) -> Any:
        sent.append(params)
        return inner(method, *params)

    monkeypatch.setattr(chain, "request", watch)
    node.issuer.issue(draft(1, heads=PERSONAL[0], premises=PERSONAL[2]))
    node.issuer.apply(Operation(Event.REVOKE, USCC, facts={"reason": PERSONAL[4]}))
    node.sync()
    export_tiles(node.log_files, folder / "tiles")
    public = [*files_of(folder / "tiles"), *folder.glob("chain.sqlite*"), folder / "cq" / "node.json"]
    values = (*PERSONAL, draft(1)["name"], USCC)
    assert found_in(public, values) == []
    calldata = json.dumps(sent, default=str)
    assert not any(value in calldata or value.encode().hex() in calldata for value in values)


def test_erasing_survives_a_restart(
    erased: Node, connector: Callable[[ChainSettings], Any], clock: Clock, folder: Path
) -> None:
    with reopened(erased, connector, clock) as again:
        assert again.show(USCC).record is None
        assert again.sync() is None
    assert found_in(files_of(folder), PERSONAL) == []
