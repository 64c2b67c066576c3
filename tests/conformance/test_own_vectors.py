"""The project's own vectors: up to date, complete, and accepted or refused as they say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import canonical, entry, errors
from ledger.errors import LedgerError
from ledger.merkle import checkpoint, statemap, tree
from scripts import make_vectors
from tests import reference

Case = dict[str, Any]
FOLDER = Path(__file__).parent.parent / "vectors"


def cases(folder: str) -> dict[str, Case]:
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((FOLDER / folder).glob("*.json"))}


def data_of(case: Case) -> bytes:
    return bytes.fromhex(case["inputHex"]) if "inputHex" in case else case["input"].encode()


def check_canonical(case: Case) -> None:
    data = data_of(case)
    assert canonical.dumps(canonical.loads(data)) == data


def check_entry(case: Case) -> None:
    parsed = entry.parse(data_of(case))
    assert reference.sha256(b"\0", data_of(case)).hex() == case["leafHash"]
    assert ("unknown" if isinstance(parsed, entry.UnknownEntry) else parsed.kind) == case["kind"]


def check_checkpoint(case: Case) -> None:
    opened = checkpoint.open_checkpoint(data_of(case), bytes.fromhex(case["logId"]), bytes.fromhex(case["public"]))
    assert (str(opened.size), opened.root.hex()) == (case["size"], case["root"])


def check_tiles(case: Case) -> None:
    if case["type"] == "path":
        name = tree.parse_path(case["input"])
        level = -1 if name.level is None else name.level
        assert (level, name.index, name.width) == (case["level"], case["index"], case["width"])
    elif case["type"] == "bundle":
        assert [item.hex() for item in tree.unpack_entries(data_of(case))] == case["entries"]
    else:
        check_tree(case)


def check_tree(case: Case) -> None:
    """Each tile is hashed here from the entries, by the naive reference."""
    entries = [b"entry %d" % number for number in range(case["size"])]
    assert reference.tree_hash(entries).hex() == case["root"]
    for path, digest in case["tiles"].items():
        name = tree.parse_path(path)
        assert name.level is not None
        span = 256**name.level
        starts = (span * (name.index * 256 + slot) for slot in range(name.width))
        tile = b"".join(reference.tree_hash(entries[start : start + span]) for start in starts)
        assert hashlib.sha256(tile).hexdigest() == digest


def check_statemap(case: Case) -> None:
    if case["type"] == "root":
        leaves = {bytes.fromhex(key): bytes.fromhex(value) for key, value in case["leaves"]}
        assert reference.map_root(leaves).hex() == case["root"]
        assert statemap.update(reference.MemoryMap(), leaves)[0].hex() == case["root"]
        return
    root, key = bytes.fromhex(case["root"]), bytes.fromhex(case["key"])
    proof = statemap.StateProof(
        tuple(map(bytes.fromhex, case["proof"]["siblings"])),
        statemap.End(case["proof"]["end"]),
        *(bytes.fromhex(case["proof"][name]) for name in ("other_key", "other_value") if name in case["proof"]),
    )
    if case["type"] == "presence":
        statemap.verify_presence(root, key, bytes.fromhex(case["value"]), proof)
    else:
        statemap.verify_absence(root, key, proof)


CHECKS: dict[str, Callable[[Case], None]] = {
    "canonical": check_canonical,
    "checkpoint": check_checkpoint,
    "entry": check_entry,
    "statemap": check_statemap,
    "tiles": check_tiles,
}


@pytest.mark.parametrize("folder", sorted(CHECKS))
def test_cases_are_accepted_or_refused_as_they_say(folder: str) -> None:
    wrong = {}
    for name, case in cases(folder).items():
        want = getattr(errors, case["error"]) if case["wantErr"] else None
        try:
            CHECKS[folder](case)
        except LedgerError as error:
            got: type[LedgerError] | None = type(error)
        else:
            got = None
        if got is not want:
            wrong[name] = got
    assert wrong == {}


@pytest.mark.parametrize("folder", sorted(CHECKS))
def test_each_folder_has_good_and_bad_cases(folder: str) -> None:
    refused = [case["wantErr"] for case in cases(folder).values()]
    assert refused.count(False) >= 3
    assert refused.count(True) >= 10


def test_the_files_are_as_the_script_makes_them() -> None:
    assert make_vectors.differences(make_vectors.FOLDER) == []


def test_a_difference_is_noticed(tmp_path: Path) -> None:
    make_vectors.write(tmp_path)
    assert make_vectors.differences(tmp_path) == []
    (tmp_path / "tiles" / "tree-3.json").unlink()
    (tmp_path / "tiles" / "tree-7.json").write_text("{}")
    (tmp_path / "tiles" / "extra.json").write_text("{}")
    assert make_vectors.differences(tmp_path) == [
        "missing: tiles/tree-3.json",
        "not made by this script: tiles/extra.json",
        "differs: tiles/tree-7.json",
    ]


def test_every_folder_is_explained() -> None:
    readme = (FOLDER / "README.md").read_text("utf-8")
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert folders == set(make_vectors.FOLDERS)
    assert [name for name in sorted(folders) if f"`{name}`" not in readme] == []
