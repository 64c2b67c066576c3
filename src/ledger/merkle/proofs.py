r"""Inclusion and consistency proofs of an RFC 9162 log: hashes in, nothing or an error out.

A verifier needs no tree, only these functions. Every length is checked before anything is hashed, so a
proof has exactly one accepted form, and whatever is wrong (also a hash that is not 32 bytes, or a number that
is not a size) is a :class:`~ledger.errors.VerificationError`.

A proof climbs from a node to the root, lowest sibling first. Where leaf ``index`` and the last leaf
``size - 1`` part, the climb changes its nature::

              root             border: here the node is on the tree's right edge, so only left siblings
             /    \                     exist, one for each set bit of ``index >> inner``
          .        .           inner:  below, each level has a sibling; the bit of ``index`` says which side
         / \      / \
        0   1    2   3   4

What it leaves out: making proofs (``tree``), and what the leaves mean (``ledger.entry``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ledger.errors import ConsistencyError, InclusionError, VerificationError

HASH_SIZE = 32
MAX_SIZE = 2**64 - 1
"""Largest tree: sizes are ``uint64`` in the contract."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves (RFC 9162, section 2.1.1)."""

_sha256 = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    """``SHA-256(0x00 ‖ data)`` (RFC 9162, section 2.1.1)."""
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """``SHA-256(0x01 ‖ left ‖ right)`` (RFC 9162, section 2.1.1)."""
    return _sha256(b"\x01" + left + right).digest()


def verify_inclusion(leaf_hash: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Verify that a leaf stands at an index of a tree.

    Args:
        leaf_hash: of the leaf, 32 bytes.
        index: of the leaf, from 0; less than ``size``.
        size: number of leaves of the tree, 1 .. 2^64 - 1.
        root: of the tree, 32 bytes.
        proof: sibling hashes of 32 bytes, lowest first.

    Raises:
        InclusionError: the proof does not show that, or an argument is malformed.

    Source: RFC 9162, section 2.1.3.2.
    """
    _check_hash(root, "root", InclusionError)
    got = root_from_inclusion(leaf_hash, index, size, proof)
    if got != root:
        raise InclusionError(f"leaf {index} is not in the tree of size {size} with that root", got=got, want=root)


def root_from_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to, for callers who compare it with something of their own.

    Args:
        leaf_hash: of the leaf, 32 bytes.
        index: of the leaf, from 0; less than ``size``.
        size: number of leaves of the tree, 1 .. 2^64 - 1.
        proof: sibling hashes of 32 bytes, lowest first.

    Raises:
        InclusionError: the index is not in the tree, the proof has the wrong length, or an argument is malformed.

    Source: RFC 9162, section 2.1.3.2.
    """
    _check_hash(leaf_hash, "leaf hash", InclusionError)
    _check_number(index, "index", InclusionError)
    _check_number(size, "size", InclusionError)
    if index >= size:
        raise InclusionError("index is not in the tree", got=index, want=f"below {size}")
    inner, border = _climb(index, size)
    _check_proof(proof, inner + border, InclusionError)
    return _chain_left(_chain(leaf_hash, proof[:inner], index), proof[inner:])


def verify_consistency(size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]) -> None:
    """Verify that the tree of ``size2`` leaves begins with the tree of ``size1`` leaves.

    The empty tree is refused: every tree begins with it, so a proof would say nothing (the contract refuses it too).

    Args:
        size1: leaves of the older tree, 1 .. ``size2``.
        root1: its root, 32 bytes.
        size2: leaves of the newer tree, at most 2^64 - 1.
        root2: its root, 32 bytes.
        proof: hashes of 32 bytes, lowest first; none where the sizes are equal.

    Raises:
        ConsistencyError: the proof does not show that, or an argument is malformed.

    Source: RFC 9162, section 2.1.4.2.
    """
    _check_hash(root1, "root1", ConsistencyError)
    _check_hash(root2, "root2", ConsistencyError)
    _check_number(size1, "size1", ConsistencyError)
    _check_number(size2, "size2", ConsistencyError)
    if not 0 < size1 <= size2:
        raise ConsistencyError("size1 is not a size before size2", got=size1, want=f"1 to {size2}")
    if size1 == size2:
        _check_proof(proof, 0, ConsistencyError)
        got1 = got2 = root1
    else:
        got1, got2 = _consistency_roots(size1, root1, size2, proof)
    if got1 != root1:
        raise ConsistencyError(f"the proof does not start at the root of size {size1}", got=got1, want=root1)
    if got2 != root2:
        raise ConsistencyError(f"size {size2} is not an extension of size {size1}", got=got2, want=root2)


def _consistency_roots(size1: int, root1: bytes, size2: int, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Both roots that the proof leads to. Requires ``0 < size1 < size2``.

    The proof is the inclusion proof of the older tree's last *complete* subtree. That subtree is the whole older tree
    where ``size1`` is a power of two: then its hash is ``root1`` and is left out of the proof.
    """
    shift = (size1 & -size1).bit_length() - 1
    inner, border = _climb(size1 - 1, size2)
    inner -= shift
    whole = size1 == 1 << shift
    start = 0 if whole else 1
    _check_proof(proof, start + inner + border, ConsistencyError)
    seed = root1 if whole else proof[0]
    path, edge = proof[start : start + inner], proof[start + inner :]
    position = (size1 - 1) >> shift
    older = [sibling for level, sibling in enumerate(path) if position >> level & 1]
    return _chain_left(_chain_left(seed, older), edge), _chain_left(_chain(seed, path, position), edge)


def _climb(index: int, size: int) -> tuple[int, int]:
    """How many siblings a climb from a leaf has below and on the right edge. Requires ``0 <= index < size``."""
    inner = (index ^ (size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def _chain(node: bytes, siblings: Sequence[bytes], position: int) -> bytes:
    """Climb with one sibling at each level, on the side that the bits of ``position`` say."""
    for sibling in siblings:
        pair = sibling + node if position & 1 else node + sibling
        node = _sha256(b"\x01" + pair).digest()
        position >>= 1
    return node


def _chain_left(node: bytes, siblings: Sequence[bytes]) -> bytes:
    """Climb along the right edge: every sibling is on the left."""
    for sibling in siblings:
        node = _sha256(b"\x01" + sibling + node).digest()
    return node


def _check_hash(value: object, name: str, error: type[VerificationError]) -> None:
    if not isinstance(value, bytes):
        raise error(f"{name} is not bytes", got=type(value).__name__)
    if len(value) != HASH_SIZE:
        raise error(f"{name} has the wrong length", got=len(value), want=HASH_SIZE)


def _check_number(value: object, name: str, error: type[VerificationError]) -> None:
    if type(value) is not int:
        raise error(f"{name} is not an integer", got=type(value).__name__)
    if not 0 <= value <= MAX_SIZE:
        raise error(f"{name} is out of range", got=f"{value.bit_length()} bits", want="0 to 2^64 - 1")


def _check_proof(proof: object, length: int, error: type[VerificationError]) -> None:
    if not isinstance(proof, list | tuple):
        raise error("the proof is not a list", got=type(proof).__name__)
    if len(proof) != length:
        raise error("the proof has the wrong length", got=len(proof), want=length)
    for sibling in proof:
        _check_hash(sibling, "a hash of the proof", error)
