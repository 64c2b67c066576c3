"""What the tests of a node share: a clock that is set, drafts, a chain that fails on demand, and a check of everything.

:func:`check_log` is run after each test that uses the ``node`` fixture: whatever was done to the node, its log must be
whole: every checkpoint is the naive tree and map of its entries, every licence is the fold of its entries, every anchor
is a checkpoint and stands on the chain.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger import canonical, config, entry
from ledger.chain.provider import Connection
from ledger.config import ChainSettings, IssuerDefaults
from ledger.entry import LicenseEntry
from ledger.errors import ChainUnavailableError
from ledger.license import lifecycle
from ledger.license.credential import Credential, verify
from ledger.license.record import LicenseRecord
from ledger.merkle.checkpoint import open_checkpoint
from ledger.services.node import Node
from ledger.store.queries import anchors, entries, licenses, logs, tree
from ledger.store.rows import CheckpointRow, EntryRow
from tests import reference
from tests.builders import credit_code

START = dt.datetime(2026, 11, 2, 1, 0, tzinfo=dt.UTC)
PASSPHRASE = "a long test passphrase"
ISSUER = IssuerDefaults("11100000MB0143028R", "样例市场监督管理局", "500106", "沙坪坝区")


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: dt.datetime = START

    def __call__(self) -> dt.datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += dt.timedelta(**time)


@dataclass
class Faults:
    """A connection to a chain whose calls fail on demand: before they arrive, or after, when only the answer is lost.

    ``before`` and ``after`` hold names of JSON-RPC methods; each entry makes one call fail.
    """

    inner: Connection
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    @property
    def embedded(self) -> Any:
        return self.inner.embedded

    def request(self, method: str, *params: Any) -> Any:
        self.calls.append(method)
        if method in self.before:
            self.before.remove(method)
            raise ChainUnavailableError(f"{method}: refused by the test")
        answer = self.inner.request(method, *params)
        if method in self.after:
            self.after.remove(method)
            raise ChainUnavailableError(f"{method}: the answer was lost by the test")
        return answer

    def close(self) -> None:
        """The chain outlives the node in these tests."""


def passphrase() -> str:
    return PASSPHRASE


def draft(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A made-up company's licence."""
    plain: dict[str, Any] = {
        "uscc": credit_code(number),
        "name": f"重庆样例第{number}有限公司",
        "subject_type_code": "1190",
        "heads": f"样例人{number}",
        "capital_amount": "1000000",
        "premises": f"重庆市沙坪坝区样例路{number}号",
        "scope_items": ["软件开发"],
    }
    return {name: value for name, value in {**plain, **changes}.items() if value is not None}


def reopened(node: Node, connector: Callable[[ChainSettings], Any], clock: Clock) -> Node:
    """The same node after its process ended: nothing is taken along but the folder."""
    node.close()
    settings = config.load(node.settings.data, {})
    return Node.open(settings, passphrase, connector=connector, clock=clock)


def check_log(node: Node) -> None:
    """Audit everything that the database holds, naively."""
    with node.store.read() as transaction:
        log = logs.get(transaction, node.settings.log).id
        rows = entries.read(transaction, log, 0, 100_000)
        assert [row.index for row in rows] == list(range(entries.size(transaction, log)))
        newest = tree.newest_checkpoint(transaction, log)
        assert len(rows) == (0 if newest is None else newest.size)
        sizes = {anchor.size for anchor in anchors.everything(transaction, log)} | {len(rows)} - {0}
        for size in sorted(sizes):
            _check_checkpoint(node, tree.checkpoint(transaction, log, size), rows[:size])
        for anchor in anchors.everything(transaction, log):
            kept = tree.checkpoint(transaction, log, anchor.size)
            assert kept is not None
            assert (kept.root, kept.state_root) == (anchor.log_root, anchor.state_root)
        for subject in {parsed.subject for row in rows if isinstance(parsed := entry.parse(row.data), LicenseEntry)}:
            _check_license(node, transaction, log, subject)


def naive_map(rows: list[EntryRow]) -> dict[bytes, bytes]:
    leaves: dict[bytes, bytes] = {}
    for row in rows:
        parsed = entry.parse(row.data)
        if isinstance(parsed, LicenseEntry):
            leaves[parsed.subject] = reference.sha256(b"\0", row.data)
    return leaves


def _check_checkpoint(node: Node, kept: CheckpointRow | None, rows: list[EntryRow]) -> None:
    assert kept is not None, f"no checkpoint of size {len(rows)}"
    assert kept.root == reference.tree_hash([row.data for row in rows])
    assert kept.state_root == reference.map_root(naive_map(rows))
    opened = open_checkpoint(kept.note.encode(), node.settings.log, node.keys.checkpoint().public)
    assert (opened.size, opened.root) == (kept.size, kept.root)


def _check_license(node: Node, transaction: Any, log: int, subject: bytes) -> None:
    """Entries chain and fold to the row; every version that was not erased is signed and says what its record says."""
    history = entries.history(transaction, log, subject)
    steps = [step for row in history if isinstance(step := entry.parse(row.data), LicenseEntry)]
    for number, (row, step) in enumerate(zip(history, steps, strict=True)):
        assert row.leaf == reference.sha256(b"\0", row.data)
        assert (step.n, step.prev) == (number, history[number - 1].leaf if number else None)
    now, kept = lifecycle.fold(steps), licenses.find(transaction, log, subject)
    assert now is not None
    assert kept is not None
    assert (kept.status, kept.version, kept.until, kept.n) == (now.status, now.version, now.until, len(steps) - 1)
    for version in licenses.all_versions(transaction, log, subject):
        assert steps[version.n].digest == version.digest
        assert (version.record is None) == (version.version in now.erased)
        if version.record is not None and version.disclosures is not None:
            shown = Credential(version.jwt, tuple(version.disclosures.split("~")[:-1]))
            claims = verify(shown, node.keys.credential().public)
            assert claims.record() == LicenseRecord.from_json(canonical.loads(version.record.encode()))


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
