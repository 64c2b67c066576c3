"""A program that kills a node while it works, for ``test_recovery``; it reports one JSON line per death.

It forks a child that opens the node and does one piece of work; the child kills itself (SIGKILL) before the k-th
statement that it sends to its database (the commit counts as one), for k = 0, s, 2s … until the work gets through.
What the child was told it wrote to a pipe. After each death the parent opens the node, as a restart does, and reports
what of that is there; then it does the work again, with the same idempotency keys.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event

from ledger import config
from ledger.errors import LedgerError
from ledger.license.status import Event
from ledger.services.model import Operation
from ledger.services.node import Node
from tests.integration.nodes import Clock, check_log, draft, passphrase

Tell = Callable[[str], None]


def issue(node: Node, number: int, tell: Tell) -> None:
    """A licence, its change, and the batch that takes both into the log."""
    tell(node.issuer.issue(draft(number), idempotency_key=f"i{number}").leaf.hex())
    changed = Operation(Event.CHANGE, draft(number)["uscc"], changes={"premises": "样例路"}, facts={"reason": "样例"})
    tell(node.issuer.apply(changed, idempotency_key=f"c{number}").leaf.hex())
    node.sequencer.sequence()
    tell(str(node.state().checkpoint))


def sync(node: Node, number: int, tell: Tell) -> None:
    """A licence that comes to stand on the chain."""
    tell(node.issuer.issue(draft(number), idempotency_key=f"i{number}").leaf.hex())
    node.sync()
    tell(str(node.state().checkpoint))


def child(folder: Path, number: int, k: int, work: Callable[[Node, int, Tell], None], pipe: int) -> None:
    """Do the work, and die before the k-th statement."""
    left = k

    def count(*_arguments: Any) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    with opened(folder) as node:
        event.listen(node.store.engine, "before_cursor_execute", count)
        event.listen(node.store.engine, "commit", count)

        def tell(word: str) -> None:
            os.write(pipe, f"{word}\n".encode())

        work(node, number, tell)
        event.remove(node.store.engine, "before_cursor_execute", count)
        event.remove(node.store.engine, "commit", count)
    os._exit(0)


def opened(folder: Path) -> Node:
    return Node.open(config.load(folder, {}), passphrase, clock=Clock())


def report(folder: Path, told: list[str], number: int, work: Callable[[Node, int, Tell], None]) -> dict[str, Any]:
    """What a restart finds, and what doing the work again makes of it."""
    again: list[str] = []
    with opened(folder) as node:
        try:
            found = [line.leaf.hex() for line in node.history(draft(number)["uscc"])]
        except LedgerError:
            found = []
        found.append(str(node.state().checkpoint))
        work(node, number, again.append)
        check_log(node)
        entries = len(node.history(draft(number)["uscc"]))
        anchors = node.registry.head(500000).size if work is sync else None
        state = node.state()
    return {"told": told, "found": found, "again": again, "entries": entries, "head": anchors, "size": state.entries}


def main(folder: Path, work: Callable[[Node, int, Tell], None], stride: int) -> None:
    for number, k in enumerate(range(0, 1000, stride), 1):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            child(folder, number, k, work, writer)
        os.close(writer)
        with os.fdopen(reader) as lines:
            told = lines.read().split()
        killed = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
        line = {"killed": killed, **report(folder, told, number, work)}
        sys.stdout.write(json.dumps(line) + "\n")
        if not killed:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), {"issue": issue, "sync": sync}[sys.argv[2]], int(sys.argv[3]))
