"""What a proof of the state map may look like, and every way in which it is refused."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError, StateProofError
from ledger.merkle.stateproof import (
    EMPTY,
    End,
    StateProof,
    common_bits,
    map_leaf,
    map_node,
    verify_absence,
    verify_presence,
)

HASH = st.binary(min_size=32, max_size=32)


def key(bits: str) -> bytes:
    """A key that begins with these bits and goes on with zeros."""
    return int(bits.ljust(256, "0"), 2).to_bytes(32, "big")


A, B, C = key("00"), key("0111"), key("0110")
VALUES = {A: b"a" * 32, B: b"b" * 32, C: b"c" * 32}
LEAF = {name: map_leaf(name, value) for name, value in VALUES.items()}
# The map by hand: A alone on the left of depth 1; B and C part at bit 3, below an empty sibling at bit 2.
BC = map_node(EMPTY, map_node(LEAF[C], LEAF[B]))
ROOT = map_node(map_node(LEAF[A], BC), EMPTY)
TO_A = (BC, EMPTY)
TO_B = (LEAF[C], EMPTY, LEAF[A], EMPTY)

GOOD_ABSENCES = [
    (key("1"), StateProof((map_node(LEAF[A], BC),), End.EMPTY)),
    (key("0100"), StateProof((map_node(LEAF[C], LEAF[B]), LEAF[A], EMPTY), End.EMPTY)),
    (key("0011"), StateProof(TO_A, End.OTHER, A, VALUES[A])),
    (key("01111"), StateProof(TO_B, End.OTHER, B, VALUES[B])),
]


def test_presence_by_hand() -> None:
    verify_presence(ROOT, A, VALUES[A], StateProof(TO_A, End.PRESENT))
    verify_presence(ROOT, B, VALUES[B], StateProof(TO_B, End.PRESENT))
    verify_presence(LEAF[A], A, VALUES[A], StateProof((), End.PRESENT))


@pytest.mark.parametrize(("absent", "proof"), GOOD_ABSENCES)
def test_absence_by_hand(absent: bytes, proof: StateProof) -> None:
    verify_absence(ROOT, absent, proof)
    for present in VALUES:
        with pytest.raises(StateProofError):
            verify_absence(ROOT, present, proof)


def test_absence_in_the_smallest_maps() -> None:
    verify_absence(EMPTY, A, StateProof((), End.EMPTY))
    verify_absence(LEAF[A], B, StateProof((), End.OTHER, A, VALUES[A]))
    with pytest.raises(StateProofError):
        verify_absence(LEAF[A], B, StateProof((), End.EMPTY))


def test_keys_may_part_at_the_last_bit() -> None:
    one, two, other = bytes(32), bytes(31) + b"\1", b"\xff" * 32
    root = map_node(map_leaf(one, other), map_leaf(two, other))
    for _ in range(255):
        root = map_node(root, EMPTY)
    siblings = (map_leaf(two, other), *[EMPTY] * 255)
    verify_presence(root, one, other, StateProof(siblings, End.PRESENT))
    with pytest.raises(StateProofError, match="too many"):
        verify_presence(root, one, other, StateProof((*siblings, EMPTY), End.PRESENT))


def test_one_proof_says_one_thing() -> None:
    present, empty, other = StateProof(TO_B, End.PRESENT), GOOD_ABSENCES[0][1], GOOD_ABSENCES[3][1]
    for proof in (empty, other):
        with pytest.raises(StateProofError, match="not one of presence"):
            verify_presence(ROOT, B, VALUES[B], proof)
    with pytest.raises(StateProofError, match="not one of absence"):
        verify_absence(ROOT, key("01111"), present)


def test_a_leaf_off_the_way_does_not_prove_absence() -> None:
    """B is at the end of its own way; a key that leaves that way earlier could be somewhere else."""
    proof = StateProof(TO_B, End.OTHER, B, VALUES[B])
    for absent in (key("0110"), key("0101"), key("1111")):
        with pytest.raises(StateProofError, match="way"):
            verify_absence(ROOT, absent, proof)
    with pytest.raises(StateProofError, match="own"):
        verify_absence(ROOT, B, proof)


@given(st.integers(0, 255), st.sampled_from(["root", "key", "value", *range(4)]))
def test_any_flipped_bit_is_refused(bit: int, where: str | int) -> None:
    def flip(data: bytes) -> bytes:
        return (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(32, "big")

    siblings = tuple(flip(node) if at == where else node for at, node in enumerate(TO_B))
    arguments = {"root": ROOT, "key": B, "value": VALUES[B]}
    if isinstance(where, str):
        arguments[where] = flip(arguments[where])
    with pytest.raises(StateProofError):
        verify_presence(**arguments, proof=StateProof(siblings, End.PRESENT))


@given(st.integers(0, 255))
def test_any_flipped_bit_of_the_other_leaf_is_refused(bit: int) -> None:
    absent, good = GOOD_ABSENCES[3]
    assert good.other_key is not None
    assert good.other_value is not None
    other_key, other_value = (
        (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(32, "big") for data in (good.other_key, good.other_value)
    )
    with pytest.raises(StateProofError):
        verify_absence(ROOT, absent, dataclasses.replace(good, other_key=other_key))
    with pytest.raises(StateProofError):
        verify_absence(ROOT, absent, dataclasses.replace(good, other_value=other_value))


@pytest.mark.parametrize(
    "siblings", [(), TO_B[1:], TO_B[:-1], (*TO_B, EMPTY), (LEAF[B], *TO_B), (TO_B[1], TO_B[0], *TO_B[2:])]
)
def test_other_siblings_are_refused(siblings: tuple[bytes, ...]) -> None:
    with pytest.raises(StateProofError):
        verify_presence(ROOT, B, VALUES[B], StateProof(siblings, End.PRESENT))


def test_a_deepest_sibling_that_is_empty_is_refused() -> None:
    """Otherwise a dishonest map could hang a lone leaf deeper, and one fact would have many spellings."""
    root = map_node(LEAF[A], EMPTY)
    with pytest.raises(StateProofError, match="deepest"):
        verify_presence(root, A, VALUES[A], StateProof((EMPTY,), End.PRESENT))
    with pytest.raises(StateProofError, match="deepest"):
        verify_absence(map_node(EMPTY, EMPTY), A, StateProof((EMPTY,), End.EMPTY))


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33), None, "00" * 32, bytearray(32)])
def test_what_is_not_32_bytes_is_refused(bad: Any) -> None:
    good = StateProof(TO_B, End.PRESENT)
    for arguments in ((bad, B, VALUES[B], good), (ROOT, bad, VALUES[B], good), (ROOT, B, bad, good)):
        with pytest.raises(StateProofError, match="32 bytes"):
            verify_presence(*arguments)
    with pytest.raises(StateProofError, match="32 bytes"):
        verify_presence(ROOT, B, VALUES[B], StateProof((bad, *TO_B[1:]), End.PRESENT))
    with pytest.raises(StateProofError, match="32 bytes"):
        verify_absence(ROOT, bad, GOOD_ABSENCES[0][1])


@pytest.mark.parametrize(
    "proof",
    [
        StateProof(TO_B, End.OTHER),
        StateProof(TO_B, End.OTHER, B),
        StateProof(TO_B, End.OTHER, None, VALUES[B]),
        StateProof(TO_B, End.OTHER, B, EMPTY),
        StateProof(TO_B, End.OTHER, b"", VALUES[B]),
        StateProof(TO_B, End.EMPTY, B, VALUES[B]),
        StateProof(TO_B, End.PRESENT, B, VALUES[B]),
        StateProof(TO_B, "elsewhere"),  # type: ignore[arg-type]  # what a careless caller could hand in
    ],
)
def test_malformed_ends_are_refused(proof: StateProof) -> None:
    with pytest.raises(StateProofError):
        verify_absence(ROOT, key("01111"), proof)
    with pytest.raises(StateProofError):
        verify_presence(ROOT, B, VALUES[B], proof)


def test_zero_is_not_a_value() -> None:
    with pytest.raises(StateProofError, match="zero"):
        verify_presence(map_leaf(A, EMPTY), A, EMPTY, StateProof((), End.PRESENT))


@pytest.mark.parametrize(("other_key", "other_value"), [(A, EMPTY), (A[:31], VALUES[A]), (A, VALUES[A][:31])])
def test_an_impossible_leaf_in_a_dishonest_map_proves_nothing(other_key: bytes, other_value: bytes) -> None:
    root = map_leaf(other_key, other_value)
    with pytest.raises(StateProofError):
        verify_absence(root, B, StateProof((), End.OTHER, other_key, other_value))


@given(HASH, HASH)
def test_common_bits(one: bytes, other: bytes) -> None:
    texts = [f"{int.from_bytes(item, 'big'):0256b}" for item in (one, other)]
    expected = next((at for at in range(256) if texts[0][at] != texts[1][at]), 256)
    assert common_bits(one, other) == expected


def test_hashes_of_the_definition() -> None:
    assert map_leaf(A, B) == hashlib.sha256(b"\2" + A + B).digest()
    assert map_node(A, B) == hashlib.sha256(b"\3" + A + B).digest()


PROOFS = st.builds(StateProof, st.lists(HASH, max_size=4).map(tuple), st.sampled_from([End.PRESENT, End.EMPTY])) | (
    st.builds(StateProof, st.lists(HASH, max_size=4).map(tuple), st.just(End.OTHER), HASH, HASH)
)


@given(PROOFS)
def test_json_round_trips(proof: StateProof) -> None:
    assert StateProof.from_json(proof.to_json()) == proof


@pytest.mark.parametrize(
    "changes",
    [
        {"siblings": ...},
        {"end": ...},
        {"extra": 1},
        {"siblings": "00" * 32},
        {"siblings": ["00" * 31]},
        {"siblings": ["AA" * 32]},
        {"siblings": [None]},
        {"siblings": ["00" * 32] * 257},
        {"end": "present "},
        {"end": "other"},
        {"end": None},
        {"end": ["present"]},
        {"end": 1},
        {"other_key": "00" * 32},
        {"other_key": "00" * 32, "other_value": "11" * 32},
        {"end": "other", "other_key": "00" * 32},
        {"end": "other", "other_key": "00" * 32, "other_value": "11"},
        {"end": "other", "other_key": "", "other_value": "11" * 32},
    ],
)
def test_json_is_strict(changes: dict[str, Any]) -> None:
    good = {"siblings": ["11" * 32], "end": "present"}
    with pytest.raises(FormatError):
        StateProof.from_json({name: value for name, value in (good | changes).items() if value is not ...})


@pytest.mark.parametrize("obj", [None, [], "present", 1])
def test_json_is_an_object(obj: object) -> None:
    with pytest.raises(FormatError, match="object"):
        StateProof.from_json(obj)
