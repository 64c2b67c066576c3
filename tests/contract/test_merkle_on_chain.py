"""Others' RFC 9162 vectors and our state map's proofs through the deployed contract, on both chains."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

from ledger.chain.registry import Registry
from ledger.errors import ContractRevertedError, FormatError
from ledger.merkle import statemap
from ledger.merkle.stateproof import End, StateProof
from tests.reference import MemoryMap


def cases(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    files = sorted(folder.rglob("*.json"))
    assert files, f"no cases in {folder}"
    return [(str(file.relative_to(folder)), json.loads(file.read_text())) for file in files]


def hashes(case: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(item or "") for item in case["proof"] or []]


def expect(name: str, call: Any, refused: bool) -> None:
    """Run one case; a hash that is not 32 bytes or a number beyond uint64 is refused at encoding already."""
    refusal: Exception | None = None
    try:
        call()
    except (ContractRevertedError, FormatError) as error:
        refusal = error
    assert (refusal is not None) == refused, f"{name}: {refusal or 'not refused'}"
    assert not isinstance(refusal, ContractRevertedError) or refusal.name.startswith("Rfc9162"), f"{name}: {refusal}"


def test_inclusion__others_vectors__same_verdicts(verifier: Registry, shared_vectors: Path) -> None:
    for name, case in cases(shared_vectors / "merkle" / "inclusion"):
        leaf, root = base64.b64decode(case["leafHash"]), base64.b64decode(case["root"])
        index, size, proof = case["leafIdx"], case["treeSize"], hashes(case)
        expect(
            name,
            lambda leaf=leaf, index=index, size=size, root=root, proof=proof: verifier.verify_inclusion(
                leaf, index, size, root, proof
            ),
            case["wantErr"],
        )


def test_consistency__others_vectors__same_verdicts(verifier: Registry, shared_vectors: Path) -> None:
    for name, case in cases(shared_vectors / "merkle" / "consistency"):
        root1, root2 = base64.b64decode(case["root1"]), base64.b64decode(case["root2"])
        size1, size2, proof = case["size1"], case["size2"], hashes(case)
        refused = case["wantErr"] or size1 == 0  # the contract never compares with an empty log: it takes no proof then
        expect(
            name,
            lambda a=size1, b=root1, c=size2, d=root2, e=proof: verifier.verify_consistency(a, b, c, d, e),
            refused,
        )


@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(33)])
def test_hash_of_another_length__refused_at_encoding(verifier: Registry, wrong: bytes) -> None:
    with pytest.raises(FormatError, match="bytes32"):
        verifier.verify_inclusion(wrong, 0, 1, bytes(32), [])
    with pytest.raises(FormatError, match="bytes32"):
        verifier.verify_consistency(1, bytes(32), 2, bytes(32), [wrong])


@pytest.mark.parametrize("wrong", [-1, 2**64])
def test_number_beyond_uint64__refused_at_encoding(verifier: Registry, wrong: int) -> None:
    with pytest.raises(FormatError, match="not encodable"):
        verifier.verify_inclusion(bytes(32), wrong, 1, bytes(32), [])


def word(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(4, "big")).digest()


def sample_map(count: int) -> tuple[MemoryMap, bytes]:
    state = MemoryMap()
    changes = {word(number): word(1000 + number) for number in range(count)}
    root, pages = statemap.update(state, changes)
    state.pages.update(pages)
    state.values.update(changes)
    return state, root


def other(proof: StateProof) -> tuple[bytes, bytes] | None:
    if proof.other_key is None or proof.other_value is None:
        return None
    return proof.other_key, proof.other_value


def claim(verifier: Registry, root: bytes, key: bytes, value: bytes | None, proof: StateProof) -> None:
    verifier.verify_state(root, key, value, proof.siblings, other(proof))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 17])
def test_state__presence_and_absence__hold(verifier: Registry, count: int) -> None:
    state, root = sample_map(count)
    ends = set()
    for number in range(count + 6):
        value, proof = statemap.prove(state, word(number))
        assert (value is not None) == (number < count)
        ends.add(proof.end)
        claim(verifier, root, word(number), value, proof)
    assert ends == {0: {End.EMPTY}}.get(count, {End.PRESENT, End.OTHER} | (ends & {End.EMPTY}))


def test_state__wrong_claims__refused(verifier: Registry) -> None:
    state, root = sample_map(9)
    rng = random.Random(9)
    for number in range(12):
        key = word(number)
        value, proof = statemap.prove(state, key)
        lies: list[tuple[bytes, bytes, bytes | None]] = [
            (root, key, word(77)),  # another value, or one where there is none
            (word(5), key, value),  # another root
            (root, word(40 + number), value),  # another subject
        ]
        if value is not None:
            lies.append((root, key, None))  # "never issued"
        for lie in lies:
            with pytest.raises(ContractRevertedError, match="StateMap"):
                claim(verifier, lie[0], lie[1], lie[2], proof)
        if proof.siblings:
            flipped = bytearray(proof.siblings[place := rng.randrange(len(proof.siblings))])
            flipped[rng.randrange(32)] ^= 1 << rng.randrange(8)
            bent = [*proof.siblings[:place], bytes(flipped), *proof.siblings[place + 1 :]]
            with pytest.raises(ContractRevertedError, match=r"StateMapRootMismatch|StateMapNotCollapsed"):
                verifier.verify_state(root, key, value, bent, other(proof))


def test_state__zero_deepest_sibling__not_canonical(verifier: Registry) -> None:
    with pytest.raises(ContractRevertedError, match="StateMapNotCollapsed"):
        verifier.verify_state(word(1), word(2), word(3), [bytes(32)])
