"""Vectors of the state map: roots of whole maps, proofs of presence and of absence."""

from __future__ import annotations

from collections.abc import Callable

from ledger.merkle.statemap import End, StateProof, map_leaf, map_node, prove, update
from scripts.vectors.common import Case, Cases, bad, digest, flip, good


class Map:
    """A map of a few leaves, in memory."""

    def __init__(self, values: dict[bytes, bytes]) -> None:
        self._values: dict[bytes, bytes] = {}
        self._pages: dict[str, bytes] = {}
        self.root, self._pages = update(self, values)
        self._values = values

    def page(self, prefix: str) -> bytes | None:
        """The page of a prefix."""
        return self._pages.get(prefix)

    def leaves(self, prefix: str) -> list[tuple[bytes, bytes]]:
        """The leaves under a prefix."""
        return sorted(leaf for leaf in self._values.items() if leaf[0].hex().startswith(prefix))


def key_of(bits: str) -> bytes:
    """A key that begins with these bits and goes on with zeros."""
    return int(bits.ljust(256, "0"), 2).to_bytes(32, "big")


def statemap_cases() -> Cases:
    """Roots of whole maps, and proofs of presence and absence with one wrong thing at a time."""
    maps = {
        "empty": {},
        "one": {key_of("1"): digest("one")},
        "two": {key_of("0"): digest("a"), key_of("1"): digest("b")},
        "shared-prefix": {key_of("00"): digest("a"), key_of("0111"): digest("b"), key_of("0110"): digest("c")},
        "last-bit": {bytes(32): digest("a"), bytes(31) + b"\1": digest("b")},
        "hundred": {digest(f"key {number}"): digest(f"value {number}") for number in range(100)},
    }
    cases = {}
    for name, values in maps.items():
        leaves = [[key.hex(), value.hex()] for key, value in sorted(values.items())]
        cases[f"root-{name}"] = good("the root of a map", type="root", leaves=leaves, root=Map(values).root.hex())
    hundred = Map(maps["hundred"])
    cases |= _presence_cases(hundred)
    cases |= _absence_cases(Map(maps["shared-prefix"]))
    cases["absence-empty-map"] = _absence(good, "in the empty map", bytes(32), digest("x"), StateProof((), End.EMPTY))
    last = Map(maps["last-bit"])
    cases["presence-256-siblings"] = _presence(
        good, "keys that part at the last bit", last.root, bytes(32), digest("a"), prove(last, bytes(32))[1]
    )
    return cases


def _presence_cases(tree: Map) -> Cases:
    key, value = digest("key 7"), digest("value 7")
    proof = prove(tree, key)[1]
    cases = {
        "happy-path": _presence(good, "a key of a hundred", tree.root, key, value, proof),
        "other-value": _presence(bad, "another value", tree.root, key, digest("value 8"), proof),
        "other-key": _presence(bad, "another key", tree.root, digest("key 8"), value, proof),
        "other-root": _presence(bad, "another root", flip(tree.root, 0), key, value, proof),
        "zero-value": _presence(bad, "zero is not a value", tree.root, key, bytes(32), proof),
    }
    for name, (desc, siblings) in _bad_siblings(proof.siblings).items():
        cases[name] = _presence(bad, desc, tree.root, key, value, StateProof(siblings, End.PRESENT))
    absence = StateProof(proof.siblings, End.EMPTY)
    cases["says-empty"] = _presence(bad, "a proof of absence is none of presence", tree.root, key, value, absence)
    leaf, deeper = map_leaf(key, value), StateProof((bytes(32),), End.PRESENT)
    lone = map_node(bytes(32), leaf) if key[0] & 0x80 else map_node(leaf, bytes(32))
    desc = "the root does follow, but a lone leaf is its own subtree and hangs no deeper"
    cases["lone-leaf-hung-deeper"] = _presence(bad, desc, lone, key, value, deeper)
    return {f"presence-{name}": case for name, case in cases.items()}


def _bad_siblings(siblings: tuple[bytes, ...]) -> dict[str, tuple[str, tuple[bytes, ...]]]:
    first, *rest = siblings
    return {
        "first-sibling-bit": ("one bit of the deepest sibling changed", (flip(first, 3), *rest)),
        "last-sibling-bit": ("one bit of the highest sibling changed", (*siblings[:-1], flip(siblings[-1], 255))),
        "swapped-siblings": ("two siblings in the wrong order", (rest[0], first, *rest[1:])),
        "truncated": ("the deepest sibling is missing", tuple(rest)),
        "extended": ("an empty sibling too deep", (bytes(32), *siblings)),
        "extended-above": ("an empty sibling above the root", (*siblings, bytes(32))),
        "too-many": ("257 siblings", (first,) * 257),
    }


def _absence_cases(tree: Map) -> Cases:
    present, absent, beside = key_of("0111"), key_of("0100"), key_of("01111")
    empty, other = prove(tree, absent)[1], prove(tree, beside)[1]
    way = StateProof(other.siblings, End.OTHER, other.other_key, other.other_value)
    return {
        "absence-empty": _absence(good, "nothing stands where it would be", tree.root, absent, empty),
        "absence-other": _absence(good, "another leaf stands where it would be", tree.root, beside, other),
        "absence-own-leaf": _absence(bad, "the leaf is the key's own", tree.root, present, way),
        "absence-off-the-way": _absence(bad, "the other leaf is not on the key's way", tree.root, key_of("1"), way),
        "absence-other-key": _absence(bad, "the empty place is not on the key's way", tree.root, key_of("0101"), other),
        "absence-of-present": _absence(
            bad, "an empty end for a key that is there", tree.root, present, StateProof(other.siblings, End.EMPTY)
        ),
        "absence-says-present": _absence(
            bad, "a proof of presence is none of absence", tree.root, absent, StateProof(empty.siblings, End.PRESENT)
        ),
        "absence-other-zero": _absence(
            bad,
            "the other leaf's value is zero",
            tree.root,
            beside,
            StateProof(way.siblings, End.OTHER, way.other_key, bytes(32)),
        ),
        "absence-other-root": _absence(bad, "another root", flip(tree.root, 9), absent, empty),
    }


def _presence(make: Callable[..., Case], desc: str, root: bytes, key: bytes, value: bytes, proof: StateProof) -> Case:
    fields = {"type": "presence", "root": root.hex(), "key": key.hex(), "value": value.hex(), "proof": proof.to_json()}
    return make(desc, **fields) if make is good else make(desc, "StateProofError", **fields)


def _absence(make: Callable[..., Case], desc: str, root: bytes, key: bytes, proof: StateProof) -> Case:
    fields = {"type": "absence", "root": root.hex(), "key": key.hex(), "proof": proof.to_json()}
    return make(desc, **fields) if make is good else make(desc, "StateProofError", **fields)
