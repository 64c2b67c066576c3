"""A program that kills chains while they mine, for ``test_embedded``; it reports one JSON line per death.

It forks a child that mines on a chain of its own. ``statements``: the child kills itself (SIGKILL) before the k-th
statement that its second block sends to SQLite, for k = 0, 1, 2 … until the block gets through. ``creation``: the
same while the chain is made. ``moments``: the parent kills the child at random moments. After each death the parent
opens the file and reports what is there.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount

from ledger.chain.embedded import EmbeddedChain
from tests.contract.counter import CREATION, created, transaction


class Dying:
    """A SQLite connection whose process dies before a given statement."""

    def __init__(self, real: Any, countdown: int) -> None:
        self._real = real
        self._countdown = countdown

    def _step(self) -> None:
        if self._countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._countdown -= 1

    def execute(self, sql: str, *values: Any) -> Any:
        if not sql.startswith("SELECT"):
            self._step()
        return self._real.execute(sql, *values)

    def executemany(self, sql: str, rows: Any) -> Any:
        self._step()
        return self._real.executemany(sql, list(rows))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def start(path: Path, account: LocalAccount) -> None:
    with EmbeddedChain(path) as chain:
        chain.send(transaction(account, chain.chain_id, 0, None, CREATION))


def report(path: Path, account: LocalAccount, acknowledged: list[str], **more: Any) -> None:
    """What a reopened chain says of itself."""
    with EmbeddedChain(path) as chain:
        head = chain.head().block_number
        headers = [chain.header(number) for number in range(head + 1)]
        linked = all(
            later is not None and earlier is not None and later.parent_hash == earlier.hash
            for earlier, later in itertools.pairwise(headers)
        )
        contract = created(account)
        counted = chain.storage(contract, 0)
        events = sum(len(chain.block_logs(number)) for number in range(head + 1))
        lost = [tx for tx in acknowledged if chain.mined(bytes.fromhex(tx)) is None]
        chain.send(transaction(account, chain.chain_id, chain.nonce(bytes.fromhex(account.address[2:])), contract))
        facts = {"head": head, "linked": linked, "counted": counted, "events": events, "lost": lost}
        sys.stdout.write(json.dumps({**facts, "then": chain.storage(contract, 0), **more}) + "\n")
        sys.stdout.flush()  # before the next fork copies what is buffered


def statements(folder: Path) -> None:
    for k in range(100):
        account, path = Account.create(), folder / f"{k}.sqlite"
        start(path, account)
        child = os.fork()
        if child == 0:
            chain = EmbeddedChain(path)
            chain._store._db = Dying(chain._store._db, k)  # type: ignore[assignment]  # it stands in for one
            chain.send(transaction(account, chain.chain_id, 1, created(account)))
            os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        report(path, account, [], killed=killed)
        if not killed:
            return


def creation(folder: Path) -> None:
    real = sqlite3.connect
    for k in range(100):
        account, path = Account.create(), folder / f"{k}.sqlite"
        child = os.fork()
        if child == 0:
            sqlite3.connect = lambda *given, k=k, **more: Dying(real(*given, **more), k)  # type: ignore[assignment]  # as above
            EmbeddedChain(path).close()
            os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        start(path, account)
        report(path, account, [], killed=killed)
        if not killed:
            return


def moments(folder: Path, rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    for number in range(rounds):
        account, path = Account.create(), folder / f"{number}.sqlite"
        start(path, account)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            with EmbeddedChain(path) as chain:
                for nonce in range(1, 10_000):
                    done = chain.send(transaction(account, chain.chain_id, nonce, created(account)))
                    os.write(writing, done.hex().encode() + b"\n")
        os.close(writing)
        time.sleep(rng.uniform(0.02, 0.4))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reading) as pipe:
            acknowledged = pipe.read().split()
        report(path, account, acknowledged, answered=len(acknowledged))


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    if sys.argv[1] == "statements":
        statements(folder)
    elif sys.argv[1] == "creation":
        creation(folder)
    else:
        moments(folder, rounds=int(sys.argv[3]), seed=int(sys.argv[4]))
