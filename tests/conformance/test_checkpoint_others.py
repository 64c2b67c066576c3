"""Our log read by other people's code, in Go: checkpoint, tiles, bundles and proofs; and a note of theirs read by us.

The program is in ``go/``; its libraries are golang.org/x/mod and transparency-dev's formats, merkle and Tessera.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from ledger.keys import Ed25519Signer
from ledger.merkle import leaf_hash
from ledger.merkle.checkpoint import Checkpoint, Verifier, open_checkpoint, open_note, origin, sign_checkpoint, vkey
from ledger.merkle.tree import (
    MemoryTiles,
    consistency_proof,
    entries_path,
    extend,
    inclusion_proof,
    pack_entries,
    root,
    tile_path,
)
from tests.conftest import missing

PROGRAM = Path(__file__).parent / "go"
LOG = bytes(range(32))
SIGNER = Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))
SIZE = 66_000  # three levels of tiles, the last of each level partial
SIZES = [1, 2, 3, 255, 256, 257, 65_535, 65_536, 65_537, SIZE]


def go(*arguments: str) -> tuple[int, str]:
    """Run Go in the program's folder: exit code, and what it says."""
    environment = os.environ | {"CGO_ENABLED": "0"}
    try:
        done = subprocess.run(
            ["go", *arguments], check=False, cwd=PROGRAM, env=environment, capture_output=True, text=True, timeout=140
        )
    except subprocess.TimeoutExpired:
        return 1, "no answer in 140 s"
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def logcheck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, built; what cannot be had (Go itself, its modules) is missing, what does not compile fails."""
    if shutil.which("go") is None:
        missing("Go is not installed")
    code, output = go("list", "-deps", ".")
    if code:
        missing(f"Go modules cannot be had: {output.strip()[-300:]}")
    target = tmp_path_factory.mktemp("go") / "logcheck"
    assert go("build", "-mod=readonly", "-buildvcs=false", "-o", str(target), ".") == (0, "")
    return target


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log as static files, with proofs to check."""
    folder = tmp_path_factory.mktemp("log")
    entries = [b'{"n":%d}' % number for number in range(SIZE)]
    tiles = MemoryTiles()
    tiles.write(extend(tiles, 0, [leaf_hash(entry) for entry in entries]))
    files = {tile_path(level, index, len(data) // 32): data for (level, index), data in tiles.tiles.items()}
    for index, start in enumerate(range(0, SIZE, 256)):
        part = entries[start : start + 256]
        files[entries_path(index, len(part))] = pack_entries(part)
    name = origin(LOG)
    files["checkpoint"] = sign_checkpoint(Checkpoint(name, SIZE, root(tiles, SIZE)), SIGNER)
    files |= {"origin": name.encode(), "vkey": vkey(name, SIGNER.public).encode()}
    files["proofs.json"] = json.dumps(proofs(tiles, entries)).encode()
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def proofs(tiles: MemoryTiles, entries: list[bytes]) -> dict[str, list[dict[str, object]]]:
    inclusion: list[dict[str, object]] = [
        {
            "index": index,
            "size": size,
            "leaf": leaf_hash(entries[index]).hex(),
            "root": root(tiles, size).hex(),
            "proof": [node.hex() for node in inclusion_proof(tiles, index, size)],
        }
        for size in SIZES
        for index in sorted({0, size // 2, size - 1})
    ]
    consistency: list[dict[str, object]] = [
        {
            "size1": size1,
            "size2": size2,
            "root1": root(tiles, size1).hex(),
            "root2": root(tiles, size2).hex(),
            "proof": [node.hex() for node in consistency_proof(tiles, size1, size2)],
        }
        for size2 in SIZES
        for size1 in SIZES
        if size1 <= size2
    ]
    return {"inclusion": inclusion, "consistency": consistency}


def run(program: Path, mode: str, folder: Path) -> tuple[int, str]:
    done = subprocess.run([program, mode, folder], check=False, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_others_read_our_log(logcheck: Path, log: Path) -> None:
    assert run(logcheck, "verify", log) == (0, "66000 entries, 82 proofs\n")


@pytest.mark.parametrize(
    ("path", "at", "said"),
    [
        ("checkpoint", 85, "checkpoint:"),
        ("tile/entries/007", 3, "root:"),
        ("tile/0/007", 100, "tiles: tile/0/007: hash 3"),
        ("tile/1/000", 8191, "tiles: tile/1/000: hash 255"),
        ("tile/2/000.p/1", 0, "tiles: tile/2/000.p/1: hash 0"),
    ],
)
def test_others_notice_a_changed_byte(logcheck: Path, log: Path, path: str, at: int, said: str) -> None:
    """So that their agreement above means something."""
    file = log / path
    before = file.read_bytes()
    file.write_bytes(before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :])
    try:
        code, output = run(logcheck, "verify", log)
    finally:
        file.write_bytes(before)
    assert code == 1
    assert output.startswith(said)


@pytest.mark.parametrize(("kind", "field"), [("inclusion", "root"), ("inclusion", "leaf"), ("consistency", "root1")])
def test_others_refuse_a_changed_proof(logcheck: Path, log: Path, kind: str, field: str) -> None:
    before = (log / "proofs.json").read_bytes()
    changed = json.loads(before)
    changed[kind][-2][field] = "00" * 32
    (log / "proofs.json").write_text(json.dumps(changed))
    try:
        code, output = run(logcheck, "verify", log)
    finally:
        (log / "proofs.json").write_bytes(before)
    assert code == 1
    assert output.startswith("proofs:")


def test_we_read_a_note_of_others(logcheck: Path, tmp_path: Path) -> None:
    assert run(logcheck, "sign", tmp_path) == (0, "")
    verifier = Verifier.parse((tmp_path / "vkey").read_text("utf-8"))
    data = (tmp_path / "note").read_bytes()
    assert open_note(data, [verifier]).signers == (verifier,)
    assert open_checkpoint(data, b"\xab" * 32, verifier.public) == Checkpoint(verifier.name, 42, leaf_hash(b"root"))
