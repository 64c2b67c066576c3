"""The paged state map against the naive recursive one: roots, proofs, costs, and readers that do not fit."""

from __future__ import annotations

import hashlib
import itertools
import math
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError, StateProofError, StorageError
from ledger.merkle import statemap
from ledger.merkle.statemap import (
    BUCKET,
    EMPTY,
    PAGE_SIZE,
    End,
    StateProof,
    prove,
    root,
    update,
    verify_absence,
    verify_presence,
)
from tests import reference
from tests.reference import MemoryMap


def digest(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


def apply(tree: MemoryMap, changes: dict[bytes, bytes]) -> bytes:
    """Change a map in memory and return its root."""
    new_root, pages = update(tree, changes)
    tree.pages.update(pages)
    tree.values.update(changes)
    return new_root


def grown(numbers: range) -> MemoryMap:
    tree = MemoryMap()
    apply(tree, {digest(number): digest(-number) for number in numbers})
    return tree


def check_proof(tree: MemoryMap, whole: bytes, key: bytes) -> StateProof:
    """The proof of a key is the reference's and verifies; the opposite does not."""
    value, proof = prove(tree, key)
    siblings, end = reference.map_path(tree.values, key)
    assert value == tree.values.get(key)
    assert list(proof.siblings) == siblings
    if value is not None:
        verify_presence(whole, key, value, proof)
        with pytest.raises(StateProofError):
            verify_absence(whole, key, proof)
    else:
        verify_absence(whole, key, proof)
        assert end == ({} if proof.other_key is None else {proof.other_key: proof.other_value})
    return proof


# Keys that share a prefix of any length, so that pages split deep down, and keys that differ in single bits.
NEAR = st.builds(
    lambda length, rest, bit: (int.from_bytes(rest, "big") >> length ^ 1 << bit).to_bytes(32, "big"),
    st.sampled_from([0, 1, 3, 4, 7, 8, 12, 100, 240, 250]),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 255),
)
VALUE = st.binary(min_size=32, max_size=32).filter(any)
BATCHES = st.lists(st.dictionaries(NEAR, VALUE, max_size=60), min_size=1, max_size=4)


@settings(max_examples=40)
@given(BATCHES, st.lists(NEAR, max_size=5))
def test_any_batches_give_the_root_and_proofs_of_the_definition(
    batches: list[dict[bytes, bytes]], others: list[bytes]
) -> None:
    tree = MemoryMap()
    for changes in batches:
        whole = apply(tree, changes)
        assert whole == root(tree) == reference.map_root(tree.values)
    for key in [*list(tree.values)[:10], *others]:
        check_proof(tree, whole, key)


@settings(max_examples=15)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=6))
def test_the_pages_are_a_function_of_the_set_alone(cuts: list[int]) -> None:
    """However the map grew, in whatever batches, its pages are the same bytes."""
    whole = grown(range(400))
    tree = MemoryMap()
    edges = [0, *sorted(cuts), 400]
    for first, last in itertools.pairwise(edges):
        apply(tree, {digest(number): digest(-number) for number in range(first, last)})
    assert tree.pages == whole.pages


def test_presence_and_absence_of_every_key() -> None:
    tree = grown(range(300))
    whole = root(tree)
    ends = {check_proof(tree, whole, digest(number)).end for number in range(500)}
    assert ends == {End.PRESENT, End.EMPTY, End.OTHER}


def test_a_proof_never_verifies_for_another_key() -> None:
    tree = grown(range(120))
    whole = root(tree)
    keys = [digest(number) for number in range(150)]
    proofs = {key: prove(tree, key) for key in keys}
    for key in keys:
        for other, (value, proof) in proofs.items():
            if key == other or value is None:
                continue
            with pytest.raises(StateProofError):
                verify_presence(whole, key, value, proof)
            with pytest.raises(StateProofError):
                verify_absence(whole, key, proof)
    for key in keys[:120]:
        for value, proof in proofs.values():
            if value is None:
                with pytest.raises(StateProofError):
                    verify_absence(whole, key, proof)


@pytest.mark.parametrize("size", [1, 2, BUCKET, BUCKET + 1, 17 * BUCKET])
def test_pages_stand_exactly_where_more_than_a_bucket_is(size: int) -> None:
    tree = grown(range(size))
    prefixes = {key.hex()[:length] for key in tree.values for length in range(6)}
    crowded = {p for p in prefixes if sum(key.hex().startswith(p) for key in tree.values) > BUCKET}
    assert set(tree.pages) == crowded | {""}
    for prefix, page in tree.pages.items():
        assert len(page) == PAGE_SIZE
        counts = struct.unpack(">" + "32xI" * 16, page)
        assert sum(counts) == sum(key.hex().startswith(prefix) for key in tree.values)


@pytest.mark.parametrize("depth", [1, 5, 62])
def test_one_batch_may_overflow_a_bucket_through_many_depths(depth: int) -> None:
    prefix = "a" * depth
    keys = [bytes.fromhex((prefix + f"{number:02x}").ljust(64, "0")) for number in range(BUCKET + 8)]
    tree = MemoryMap()
    whole = apply(tree, dict.fromkeys(keys[:BUCKET], b"v" * 32))
    assert set(tree.pages) == {""}
    check_proof(tree, whole, keys[0])
    whole = apply(tree, dict.fromkeys(keys[BUCKET:], b"w" * 32))
    assert set(tree.pages) == {prefix[:length] for length in range(depth + 1)}
    assert whole == reference.map_root(tree.values)
    for key in [*keys, bytes(32), b"\xaa" * 32, bytes.fromhex(prefix.ljust(64, "f"))]:
        check_proof(tree, whole, key)


def test_a_lone_leaf_in_another_slot_is_found() -> None:
    """Under a page, the way may end at a leaf whose digit is not the key's."""
    tree = MemoryMap()
    keys = [bytes.fromhex(digits.ljust(64, "0")) for digits in ("0", "9")]
    whole = apply(tree, dict.fromkeys(keys, b"v" * 32))
    for first in range(16):
        proof = check_proof(tree, whole, bytes.fromhex(f"{first:x}1".ljust(64, "0")))
        assert proof.end == End.OTHER
        assert len(proof.siblings) == 1


def test_changing_a_value_and_changing_it_back() -> None:
    tree = grown(range(200))
    before, pages = root(tree), dict(tree.pages)
    assert apply(tree, {digest(7): b"x" * 32}) != before
    assert apply(tree, {digest(7): digest(-7)}) == before
    assert tree.pages == pages
    assert update(tree, {}) == (before, {})


@pytest.mark.parametrize("batch", [1, 100])
def test_a_batch_costs_about_its_size_times_the_depth(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 8000
    tree = grown(range(size))
    hashes = 0

    def counting(data: bytes) -> Any:
        nonlocal hashes
        hashes += 1
        return hashlib.sha256(data)

    monkeypatch.setattr(statemap, "_sha256", counting)
    tree.reads = 0
    _, pages = update(tree, {digest(number): b"n" * 32 for number in range(size - 1, size - 1 + batch)})
    depth = math.log2(size)
    assert batch < hashes <= 8 * batch * depth
    assert batch == 1 or hashes <= 4 * batch * depth
    assert len(pages) <= tree.reads <= batch * 4


def test_a_question_reads_a_page_a_level_and_one_bucket() -> None:
    tree = grown(range(5000))
    for number in (0, 4999, 6000):
        tree.reads = 0
        prove(tree, digest(number))
        assert tree.reads <= 1 + math.ceil(math.log(5000 / BUCKET, 16)) + 1


def test_the_empty_map() -> None:
    tree = MemoryMap()
    assert root(tree) == EMPTY
    assert prove(tree, digest(1)) == (None, StateProof((), End.EMPTY))
    verify_absence(EMPTY, digest(1), StateProof((), End.EMPTY))
    assert update(tree, {}) == (EMPTY, {})


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33)])
def test_keys_and_values_have_32_bytes(bad: bytes) -> None:
    tree = grown(range(3))
    with pytest.raises(FormatError):
        update(tree, {bad: b"v" * 32})
    with pytest.raises(FormatError):
        update(tree, {digest(1): bad})
    with pytest.raises(FormatError):
        prove(tree, bad)


def test_zero_is_not_a_value() -> None:
    with pytest.raises(FormatError, match="zero"):
        update(MemoryMap(), {digest(1): EMPTY})


def test_leaves_of_another_state_than_the_pages_are_noticed() -> None:
    tree = grown(range(200))
    victim = digest(7)
    del tree.values[victim]
    with pytest.raises(StorageError, match="leaves"):
        prove(tree, victim)
    with pytest.raises(StorageError, match="leaves"):
        update(tree, {victim: b"v" * 32})


@pytest.mark.parametrize("page", [None, b"", bytes(PAGE_SIZE - 1), bytes(PAGE_SIZE + 1)])
def test_a_page_that_is_missing_or_cut_is_noticed(page: bytes | None) -> None:
    tree = grown(range(2000))
    prefix = digest(7).hex()[:1]
    assert tree.pages.pop(prefix)
    if page is not None:
        tree.pages[prefix] = page
    with pytest.raises(StorageError, match="page"):
        prove(tree, digest(7))
    with pytest.raises(StorageError, match="page"):
        update(tree, {digest(7): b"v" * 32})
    if page is not None:
        tree.pages[""] = page
        with pytest.raises(StorageError, match="page"):
            root(tree)
