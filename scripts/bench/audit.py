#!/usr/bin/env python3
"""Measure steps 4 to 6 of the audit on a made-up log: entries per second on one core, and peak memory.

    scripts/bench/audit.py [--entries 200000] [--batch 1000] [--changes 25]

A folder of C2SP tiles is written first, by another process, and not measured. Time is the CPU's, so that a busy machine
does not matter. ``--batch`` entries lie between two anchors, ``--changes``
percent of the entries continue a licence that exists. The budget: at least 20,000 entries/s, and at
most 1 GiB at 1,000,000 entries.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.audit.audit import Audit, Believed
from ledger.audit.logfold import TILE_WIDTH, LogFold, leaf_hash
from ledger.audit.roots import Anchor
from ledger.audit.source import TileFolder, tile_name
from ledger.audit.statefold import StateFold
from ledger.keys import Ed25519Signer
from ledger.merkle.checkpoint import Checkpoint, origin, sign_checkpoint

LOG = hashlib.sha256(b"bench").digest()
ENTRY = (
    '{{"authority":{{"code":"11500000009275904T","division":"500106"}},"digest":"sha256:{digest}","effective":'
    '"2026-11-02","event":"{event}","kind":"license","log":"{log}","n":{n},{prev}"recorded":"{recorded}","status":'
    '{{"flags":[],"subject":"active","version":"current"}},"subject":"{subject}","v":1,"version":{version}}}'
)


def entries(count: int, changes: int) -> Iterator[tuple[bytes, bytes]]:
    """Entries and their subjects: new licences, and changes of earlier ones."""
    rng = random.Random(1)  # noqa: S311 the same log each time
    known: list[list[str | int]] = []
    for number in range(count):
        fresh = not known or rng.randrange(100) >= changes
        if fresh:
            known.append([hashlib.sha256(b"%d" % number).hexdigest(), -1, ""])
        licence = known[-1] if fresh else rng.choice(known)
        licence[1] = int(licence[1]) + 1
        data = ENTRY.format(
            digest=hashlib.sha256(b"digest %d" % number).hexdigest(),
            event="ESTABLISH" if fresh else "CHANGE",
            log=LOG.hex(),
            n=licence[1],
            prev="" if fresh else f'"prev":"{licence[2]}",',
            recorded=f"2026-11-02T{number // 360_000 % 15:02d}:{number // 6000 % 60:02d}:{number // 100 % 60:02d}Z",
            subject=licence[0],
            version=int(licence[1]) + 1,
        ).encode()
        licence[2] = leaf_hash(data).hex()
        yield bytes.fromhex(str(licence[0])), data


def write(folder: Path, count: int, batch: int, changes: int) -> list[Anchor]:
    """Write the log as tiles; returns what would have been anchored."""
    fold = LogFold(lambda level, index, hashes: _put(folder / f"tile/{level}", index, TILE_WIDTH, hashes))
    newest: dict[bytes, bytes] = {}
    state = StateFold(newest.__getitem__, count)
    anchors: list[Anchor] = []
    bundle: list[bytes] = []
    for number, (subject, data) in enumerate(entries(count, changes), start=1):
        fold.append(leaf_hash(data))
        new = subject not in newest
        newest[subject] = leaf_hash(data)
        state.put(subject, new=new)
        bundle.append(len(data).to_bytes(2, "big") + data)
        if len(bundle) == TILE_WIDTH or number == count:
            _put(folder / "tile/entries", (number - 1) // TILE_WIDTH, len(bundle), b"".join(bundle))
            bundle.clear()
        if number % batch == 0 or number == count:
            anchors.append(Anchor(len(anchors) + 1, number, fold.root(), state.root()))
    for level, index, hashes in fold.open_tiles():
        _put(folder / f"tile/{level}", index, len(hashes) // 32, hashes)
    signer = Ed25519Signer(Ed25519PrivateKey.generate())
    (folder / "checkpoint").write_bytes(sign_checkpoint(Checkpoint(origin(LOG), count, fold.root()), signer))
    return anchors


def _put(folder: Path, index: int, width: int, data: bytes) -> None:
    path = folder / (tile_name(index) + ("" if width == TILE_WIDTH else f".p/{width}"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def main() -> int:
    """Write, audit, print."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--entries", type=int, default=200_000)
    given.add_argument("--batch", type=int, default=1000)
    given.add_argument("--changes", type=int, default=25)
    asked = given.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if (child := os.fork()) == 0:
            anchors = write(folder, asked.entries, asked.batch, asked.changes)
            lines = (f"{a.seq} {a.size} {a.log_root.hex()} {a.state_root.hex()}\n" for a in anchors)
            (folder / "anchors").write_text("".join(lines), encoding="ascii")
            os._exit(0)
        os.waitpid(child, 0)
        anchors = []
        for line in (folder / "anchors").read_text(encoding="ascii").splitlines():
            seq, size, log_root, state_root = line.split()
            anchors.append(Anchor(int(seq), int(size), bytes.fromhex(log_root), bytes.fromhex(state_root)))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.process_time()
        report = Audit(lambda: TileFolder(folder), None, Believed(LOG.hex(), 500000, anchors)).run()
        seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{asked.entries} entries, {len(anchors)} anchors, {asked.changes} % changes: exit {report.exit_code}")
    rate, mib = asked.entries / seconds, 1024
    print(f"{rate:,.0f} entries/s ({seconds:.1f} s of CPU); peak {peak / mib:.0f} MiB, {before / mib:.0f} before")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
