"""Log proofs against the naive reference: every small tree, larger ones at random, and every way to be wrong."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import ConsistencyError, InclusionError, VerificationError
from ledger.merkle import (
    EMPTY_ROOT,
    leaf_hash,
    node_hash,
    root_from_inclusion,
    verify_consistency,
    verify_inclusion,
)
from tests import reference

ENTRIES = [b"entry %d" % number for number in range(300)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
SMALL = 70
ROOTS = [reference.tree_hash(ENTRIES[:size]) for size in range(SMALL + 1)]
HASH = st.binary(min_size=32, max_size=32)

ALL_SMALL_PROOFS = "897c47a3b9be5ab57094a676d618173512d9aeb74a9ad77ee5e690470fa115a6"
"""SHA-256 over every inclusion and consistency proof of trees up to 70 leaves, in order."""


def flipped(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big")


def test_every_small_proof_verifies_and_all_of_them_are_pinned() -> None:
    digest = hashlib.sha256()
    for size in range(1, SMALL + 1):
        entries, root = ENTRIES[:size], ROOTS[size]
        for index in range(size):
            proof = reference.path(index, entries)
            verify_inclusion(LEAVES[index], index, size, root, proof)
            older = reference.proof(index + 1, entries)
            verify_consistency(index + 1, ROOTS[index + 1], size, root, older)
            digest.update(b"".join([root, *proof, *older]))
    assert digest.hexdigest() == ALL_SMALL_PROOFS


def test_the_steps_of_the_rfc_lead_to_the_same_roots() -> None:
    for size in range(1, SMALL + 1):
        for index in range(size):
            proof = reference.path(index, ENTRIES[:size])
            expected = reference.inclusion_root(LEAVES[index], index, size, proof)
            assert root_from_inclusion(LEAVES[index], index, size, proof) == expected


@settings(max_examples=40)
@given(st.integers(71, 300).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_larger_trees(place: tuple[int, int]) -> None:
    index, size = place
    root = reference.tree_hash(ENTRIES[:size])
    verify_inclusion(LEAVES[index], index, size, root, reference.path(index, ENTRIES[:size]))
    older = reference.tree_hash(ENTRIES[: index + 1])
    verify_consistency(index + 1, older, size, root, reference.proof(index + 1, ENTRIES[:size]))


@given(st.integers(0, 2**64 - 1), st.integers(1, 2**64 - 1), HASH, st.lists(HASH, max_size=66))
def test_inclusion_agrees_with_the_rfc_on_any_numbers(index: int, size: int, leaf: bytes, proof: list[bytes]) -> None:
    """Random proofs of sizes up to 2^64: both compute the same root, or both refuse the length."""
    try:
        expected = reference.inclusion_root(leaf, index, size, proof)
    except ValueError:
        with pytest.raises(InclusionError):
            root_from_inclusion(leaf, index, size, proof)
    else:
        assert root_from_inclusion(leaf, index, size, proof) == expected


@given(st.integers(0, 9), st.integers(1, 2**64 - 1), HASH, st.data())
def test_right_lengths_agree_with_the_rfc(shift: int, size: int, leaf: bytes, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1)) >> shift
    inner = (index ^ (size - 1)).bit_length()
    length = inner + (index >> inner).bit_count()
    proof = [bytes([number]) * 32 for number in range(length)]
    expected = reference.inclusion_root(leaf, index, size, proof)
    assert root_from_inclusion(leaf, index, size, proof) == expected
    verify_inclusion(leaf, index, size, expected, proof)


@given(st.integers(1, 2**64 - 1), st.data(), HASH)
def test_consistency_agrees_with_the_rfc_on_any_sizes(size2: int, data: st.DataObject, root1: bytes) -> None:
    """For every length of proof, both lead to the same two roots or both refuse."""
    size1 = data.draw(st.integers(1, max(1, size2 - 1)))
    if size1 == size2:
        return
    accepted = 0
    for length in range(130):
        proof = [bytes([number]) * 32 for number in range(length)]
        try:
            roots = reference.consistency_roots(size1, root1, size2, proof)
        except (ValueError, IndexError):
            with pytest.raises(ConsistencyError, match="wrong length"):
                verify_consistency(size1, root1, size2, root1, proof)
        else:
            accepted += 1
            verify_consistency(size1, roots[0], size2, roots[1], proof)
    assert accepted == 1


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (2, 3), (4, 7), (6, 7), (7, 8)])
def test_any_flipped_bit_is_refused(index: int, size: int) -> None:
    leaf, root, proof = LEAVES[index], ROOTS[size], reference.path(index, ENTRIES[:size])
    for bit in range(256):
        with pytest.raises(InclusionError):
            verify_inclusion(flipped(leaf, bit), index, size, root, proof)
        with pytest.raises(InclusionError):
            verify_inclusion(leaf, index, size, flipped(root, bit), proof)
        for place in range(len(proof)):
            changed = [flipped(node, bit) if at == place else node for at, node in enumerate(proof)]
            with pytest.raises(InclusionError):
                verify_inclusion(leaf, index, size, root, changed)


@pytest.mark.parametrize(("size1", "size2"), [(1, 2), (3, 5), (4, 7), (6, 8), (7, 8)])
def test_any_flipped_bit_of_a_consistency_proof_is_refused(size1: int, size2: int) -> None:
    root1, root2, proof = ROOTS[size1], ROOTS[size2], reference.proof(size1, ENTRIES[:size2])
    for bit in range(256):
        with pytest.raises(ConsistencyError):
            verify_consistency(size1, flipped(root1, bit), size2, root2, proof)
        with pytest.raises(ConsistencyError):
            verify_consistency(size1, root1, size2, flipped(root2, bit), proof)
        for place in range(len(proof)):
            changed = [flipped(node, bit) if at == place else node for at, node in enumerate(proof)]
            with pytest.raises(ConsistencyError):
                verify_consistency(size1, root1, size2, root2, changed)


def test_a_proof_holds_for_one_leaf_of_one_root_only() -> None:
    for size in range(1, 18):
        for index in range(size):
            proof = reference.path(index, ENTRIES[:size])
            for other in range(20):
                if other != index:
                    with pytest.raises(InclusionError):
                        verify_inclusion(LEAVES[index], other, size, ROOTS[size], proof)
                if other != size:
                    with pytest.raises(InclusionError):
                        verify_inclusion(LEAVES[index], index, other, ROOTS[other], proof)


def test_a_proof_alone_does_not_bind_the_size() -> None:
    """Known of RFC 9162: the same hashes climb in trees of 3 and of 4. So a root never travels without its size."""
    proof = reference.path(0, ENTRIES[:3])
    verify_inclusion(LEAVES[0], 0, 3, ROOTS[3], proof)
    verify_inclusion(LEAVES[0], 0, 4, ROOTS[3], proof)


@pytest.mark.parametrize("number", [-1, 2**64, 2**4000, True, 2.0, "2", None, b"2"])
def test_what_is_not_a_size_is_refused(number: Any) -> None:
    proof = reference.path(1, ENTRIES[:3])
    with pytest.raises(InclusionError):
        verify_inclusion(LEAVES[1], number, 3, ROOTS[3], proof)
    with pytest.raises(InclusionError):
        verify_inclusion(LEAVES[1], 1, number, ROOTS[3], proof)
    with pytest.raises(ConsistencyError):
        verify_consistency(number, ROOTS[2], 3, ROOTS[3], reference.proof(2, ENTRIES[:3]))
    with pytest.raises(ConsistencyError):
        verify_consistency(2, ROOTS[2], number, ROOTS[3], reference.proof(2, ENTRIES[:3]))


def test_a_size_beyond_64_bits_is_refused_although_its_proof_would_climb() -> None:
    proof = [bytes([level]) * 32 for level in range(64)]
    root = reference.inclusion_root(LEAVES[0], 0, 2**64, proof)
    with pytest.raises(InclusionError, match="out of range"):
        verify_inclusion(LEAVES[0], 0, 2**64, root, proof)
    roots = reference.consistency_roots(2**63, ROOTS[1], 2**64, proof[:1])
    with pytest.raises(ConsistencyError, match="out of range"):
        verify_consistency(2**63, roots[0], 2**64, roots[1], proof[:1])


@pytest.mark.parametrize("value", [b"", bytes(31), bytes(33), bytearray(32), "0" * 32, None, 0])
def test_what_is_not_a_hash_is_refused(value: Any) -> None:
    older = reference.proof(2, ENTRIES[:3])
    with pytest.raises(InclusionError):
        verify_inclusion(value, 0, 1, ROOTS[1], [])
    with pytest.raises(InclusionError):
        verify_inclusion(LEAVES[0], 0, 1, value, [])
    with pytest.raises(InclusionError):
        verify_inclusion(LEAVES[0], 0, 2, ROOTS[2], [value])
    with pytest.raises(ConsistencyError):
        verify_consistency(2, value, 3, ROOTS[3], older)
    with pytest.raises(ConsistencyError):
        verify_consistency(2, ROOTS[2], 3, value, older)
    with pytest.raises(ConsistencyError):
        verify_consistency(2, ROOTS[2], 3, ROOTS[3], [value])


@pytest.mark.parametrize("proof", [None, b"", bytes(32), "", {}, iter(())])
def test_what_is_not_a_list_is_refused(proof: Any) -> None:
    with pytest.raises(InclusionError, match="not a list"):
        verify_inclusion(LEAVES[0], 0, 1, ROOTS[1], proof)
    with pytest.raises(ConsistencyError, match="not a list"):
        verify_consistency(1, ROOTS[1], 1, ROOTS[1], proof)


def test_equal_sizes_need_equal_roots_and_no_proof() -> None:
    verify_consistency(5, ROOTS[5], 5, ROOTS[5], [])
    with pytest.raises(ConsistencyError, match="not an extension"):
        verify_consistency(5, ROOTS[5], 5, ROOTS[6], [])
    with pytest.raises(ConsistencyError, match="wrong length"):
        verify_consistency(5, ROOTS[5], 5, ROOTS[5], [ROOTS[5]])


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 5), (6, 5)])
def test_the_empty_and_the_larger_tree_are_not_beginnings(size1: int, size2: int) -> None:
    with pytest.raises(ConsistencyError, match="size1"):
        verify_consistency(size1, EMPTY_ROOT, size2, ROOTS[size2], [])


def test_errors_hold_both_roots_and_are_verification_errors() -> None:
    with pytest.raises(VerificationError) as caught:
        verify_inclusion(LEAVES[0], 0, 1, ROOTS[2], [])
    assert (caught.value.got, caught.value.want) == (LEAVES[0], ROOTS[2])


def test_hashes_of_the_rfc() -> None:
    assert hashlib.sha256().digest() == EMPTY_ROOT
    assert leaf_hash(b"x") == hashlib.sha256(b"\0x").digest()
    assert node_hash(bytes(32), bytes(32)) == hashlib.sha256(b"\1" + bytes(64)).digest()
