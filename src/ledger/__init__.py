"""Tongban Ledger (通办链): business licences issued across provinces, logged, anchored and provable.

The packages follow a licence's way: ``license`` (record, codes, life cycle, credential) →
``entry`` (what the log says of it) → ``merkle`` (log, tiles, state map, checkpoint) → ``chain``
(the registry contract) → ``trust`` and ``bundle`` (what a stranger needs to verify it offline) →
``services`` (what a node does) → ``audit`` (what anybody can find out about a node).
"""

__version__ = "0.1.0"
