"""Vectors of a log: checkpoints, tiles, bundles of entries."""

from __future__ import annotations

import hashlib

from ledger.encoding import b64
from ledger.merkle import leaf_hash
from ledger.merkle.checkpoint import Checkpoint, origin, sign_note
from ledger.merkle.tree import MemoryTiles, extend, pack_entries, root, tile_path
from scripts.vectors.common import Case, Cases, bad, digest, good, signer


def checkpoint_cases() -> Cases:
    """Signed notes: good, forged, and spelled otherwise although properly signed."""
    log, key, other = digest("log"), signer("checkpoint key"), signer("other key")
    name = origin(log)
    text = Checkpoint(name, 1_000_000, digest("root")).to_text()
    note = sign_note(text, [(name, key)]).decode()
    line = note.split("\n\n")[1]
    witness = sign_note(text, [("witness.example/w1", other)]).decode().split("\n\n")[1]
    fields = {"logId": log.hex(), "public": key.public.hex()}
    want = {"size": "1000000", "root": digest("root").hex()}
    empty = Checkpoint(name, 0, hashlib.sha256().digest())
    cases = {
        "happy-path": good("a checkpoint", input=note, **fields, **want),
        "cosigned": good("beside it the line of a witness that is not known", input=note + witness, **fields, **want),
        "size-0": good(
            "of an empty log",
            input=sign_note(empty.to_text(), [(name, key)]).decode(),
            **fields,
            size="0",
            root=empty.root.hex(),
        ),
    }
    unsigned = {
        "other-key": ("signed by another key", "SignatureError", sign_note(text, [(name, other)]).decode()),
        "witness-only": ("signed by a witness only", "SignatureError", f"{text}\n{witness}"),
        "changed-size": ("another size than was signed", "SignatureError", note.replace("1000000", "1000001")),
        "changed-root": (
            "another root than was signed",
            "SignatureError",
            note.replace(text.split("\n")[2], b64(digest("other root"))),
        ),
        "signed-twice": ("the same line twice", "FormatError", note + line),
        "no-signature": ("no signature line", "FormatError", text + "\n"),
        "no-blank-line": ("no blank line before the signature", "FormatError", text + line),
        "no-last-newline": ("the last line does not end", "FormatError", note[:-1]),
        "carriage-returns": ("lines ended by CR LF", "FormatError", note.replace("\n", "\r\n")),
        "hyphen": ("a hyphen in place of the dash", "FormatError", note.replace("\u2014", "-")),
        "garbage-line": ("a line that is not a signature", "FormatError", note + "garbage\n"),
        "short-signature": ("a line without room for a signature", "FormatError", note + "\u2014 w AAAAAA==\n"),
    }
    cases |= {slug: bad(desc, error, input=data, **fields) for slug, (desc, error, data) in unsigned.items()}
    for slug, (desc, error, other_text) in _bad_checkpoints(name, text).items():
        cases[slug] = bad(desc, error, input=sign_note(other_text, [(name, key)]).decode(), **fields)
    return cases


def _bad_checkpoints(name: str, text: str) -> dict[str, tuple[str, str, str]]:
    """Texts that are not checkpoints of this log, to be signed by its very key."""
    return {
        "other-log": ("of another log", "CheckpointError", text.replace(name, origin(digest("other log")))),
        "other-origin": ("an origin that is not of ours", "FormatError", text.replace(name, "log.example/1")),
        "capital-origin": ("the log id in capitals", "FormatError", text.replace(name[15:], name[15:].upper())),
        "leading-zero": ("a size with a leading zero", "FormatError", text.replace("1000000", "01000000")),
        "plus": ("a size with a plus sign", "FormatError", text.replace("1000000", "+1000000")),
        "underscore": ("a size with underscores", "FormatError", text.replace("1000000", "1_000_000")),
        "size-2-64": ("a size of 2^64", "FormatError", text.replace("1000000", str(2**64))),
        "root-31-bytes": ("a root of 31 bytes", "FormatError", f"{name}\n1\n" + "A" * 40 + "AA==\n"),
        "root-unpadded": ("a root without padding", "FormatError", text.replace("=\n", "\n")),
        "extension-line": ("an extension line", "FormatError", text + "extension\n"),
        "no-root": ("no root", "FormatError", f"{name}\n1\n"),
        "empty-log-with-root": ("size 0 with the root of another size", "FormatError", text.replace("1000000", "0")),
    }


def tiles_cases() -> Cases:
    """Paths, bundles of entries, and whole small trees."""
    paths = {"tile/0/000": (0, 0, 256), "tile/0/x001/x234/067": (0, 1234067, 256), "tile/1/000.p/7": (1, 0, 7)}
    cases = {}
    for number, (path, (level, index, width)) in enumerate(paths.items()):
        fields = {"level": level, "index": index, "width": width}
        cases[f"path-tile-{number}"] = good("the path of a tile", type="path", input=path, **fields)
    fields = {"level": -1, "index": 1000, "width": 255}
    cases["path-entries"] = good("a partial bundle", type="path", input="tile/entries/x001/000.p/255", **fields)
    for name, (desc, path) in _bad_paths().items():
        cases[f"path-{name}"] = bad(desc, "FormatError", type="path", input=path)
    bundles = {"one": [b"a"], "empty-entry": [b"", b"b"], "full": [b"%d" % number for number in range(256)]}
    for name, entries in bundles.items():
        data = {"inputHex": pack_entries(entries).hex(), "entries": [item.hex() for item in entries]}
        cases[f"bundle-{name}"] = good("a bundle", type="bundle", **data)
    broken = {
        "nothing": ("no entries", b""),
        "cut": ("the last entry is cut off", b"\0\5abcd"),
        "cut-length": ("the last length is cut off", b"\0\1a\0"),
        "257": ("257 entries", bytes(2 * 257)),
    }
    for name, (desc, raw) in broken.items():
        cases[f"bundle-{name}"] = bad(desc, "FormatError", type="bundle", inputHex=raw.hex())
    for size in (0, 1, 2, 3, 7, 256, 257, 600):
        cases[f"tree-{size}"] = _tree_case(size)
    return cases


def _bad_paths() -> dict[str, tuple[str, str]]:
    return {
        "short-index": ("an index of two digits", "tile/0/00"),
        "long-index": ("an index of four digits", "tile/0/1000"),
        "no-x": ("a leading group without x", "tile/0/001/000"),
        "spare-group": ("a leading group of zero", "tile/0/x000/001"),
        "leading-zero-level": ("a level with a leading zero", "tile/01/000"),
        "level-8": ("a level that no tree of less than 2^64 leaves has", "tile/8/000.p/1"),
        "width-0": ("a tile without hashes", "tile/0/000.p/0"),
        "width-256": ("a full tile named as a partial one", "tile/0/000.p/256"),
        "width-zero-padded": ("a width with a leading zero", "tile/0/000.p/07"),
        "leading-slash": ("a leading slash", "/tile/0/000"),
    }


def _tree_case(size: int) -> Case:
    """A tree over the entries ``entry 0`` … ``entry <size - 1>``."""
    tiles = MemoryTiles()
    tiles.write(extend(tiles, 0, [leaf_hash(b"entry %d" % number) for number in range(size)]))
    shown = {
        tile_path(level, index, len(tile) // 32): hashlib.sha256(tile).hexdigest()
        for (level, index), tile in sorted(tiles.tiles.items())
    }
    return good(f"a tree of {size} leaves", type="tree", size=size, root=root(tiles, size).hex(), tiles=shown)
