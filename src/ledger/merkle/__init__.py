"""The log as a Merkle tree (RFC 9162) and the state map: proofs, tiles, checkpoints.

Others' programs call the names of this package; ``tree``, ``checkpoint`` and ``statemap`` are imported by name.
"""

from ledger.merkle.proofs import (
    EMPTY_ROOT,
    leaf_hash,
    node_hash,
    root_from_inclusion,
    verify_consistency,
    verify_inclusion,
)

__all__ = [
    "EMPTY_ROOT",
    "leaf_hash",
    "node_hash",
    "root_from_inclusion",
    "verify_consistency",
    "verify_inclusion",
]
