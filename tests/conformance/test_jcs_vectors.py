"""The RFC 8785 vectors: on our subset the same bytes, outside it a named refusal, and input must be canonical."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from ledger import canonical
from ledger.errors import FormatError

INSIDE = {"structures", "unicode"}
"""Documents without null, floating-point numbers and keys that are not ASCII; those of the others have some."""


def in_subset(value: Any) -> bool:
    """A second opinion on the subset, from the words of the design: ASCII keys, no null, no other numbers."""
    if isinstance(value, dict):
        return all(key.isascii() for key in value) and all(map(in_subset, value.values()))
    if isinstance(value, list):
        return all(map(in_subset, value))
    return isinstance(value, (bool, str)) or (isinstance(value, int) and abs(value) < 2**53)


def parts(value: Any) -> list[Any]:
    """A document and everything inside it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value, *(part for item in inner for part in parts(item))]


def documents(folder: Path) -> dict[str, tuple[Any, bytes]]:
    """Value and canonical bytes of each vector by its name; the bytes stand there twice, as text and as hex.

    The value is read from the canonical bytes: the input spells some integers as ``56.0``, the output as ``56``.
    """
    found = {}
    for path in sorted((folder / "jcs" / "input").glob("*.json")):
        output = (folder / "jcs" / "output" / path.name).read_bytes()
        assert bytes.fromhex((folder / "jcs" / "outhex" / f"{path.stem}.txt").read_text("ascii")) == output
        found[path.stem] = json.loads(output), output
    assert len(found) >= 6
    return found


def test_documents_of_the_subset_have_the_vectors_bytes(shared_vectors: Path) -> None:
    vectors = documents(shared_vectors)
    assert {name for name, (value, _) in vectors.items() if in_subset(value)} == INSIDE
    for name in INSIDE:
        value, output = vectors[name]
        assert canonical.dumps(value) == output
        assert canonical.loads(output) == value


def test_documents_outside_the_subset_are_refused_both_ways(shared_vectors: Path) -> None:
    vectors = documents(shared_vectors)
    for name in vectors.keys() - INSIDE:
        value, output = vectors[name]
        assert rfc8785.dumps(value) == output
        with pytest.raises(FormatError):
            canonical.dumps(value)
        with pytest.raises(FormatError):
            canonical.loads(output)


def test_whatever_lies_inside_a_document_is_written_alike_or_refused(shared_vectors: Path) -> None:
    seen = 0
    for value, output in documents(shared_vectors).values():
        for part in parts(value):
            if in_subset(part):
                assert canonical.dumps(part) == rfc8785.dumps(part)
                assert canonical.dumps(part) in output
                seen += 1
            else:
                with pytest.raises(FormatError):
                    canonical.dumps(part)
    assert seen > 20


def test_the_vectors_input_is_not_canonical(shared_vectors: Path) -> None:
    for name in sorted(INSIDE):
        with pytest.raises(FormatError):
            canonical.loads((shared_vectors / "jcs" / "input" / f"{name}.json").read_bytes())
