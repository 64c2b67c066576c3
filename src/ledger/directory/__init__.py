"""The directory of the consortium: who may sign what, what is anchored, who voted for what.

It is rebuilt from the registry's events alone (:func:`fold`), never from historical contract state, so
that no archive node is needed. The same values are made from a trust file for verifiers without a chain.

What it leaves out: reading the chain (``ledger.chain``) and deciding whom to believe (``ledger.trust``).
"""

from __future__ import annotations

from ledger.directory.events import (
    Action,
    AdminChanged,
    AdminOffered,
    Adopted,
    Anchored,
    AnchorerChanged,
    Approved,
    Disowned,
    EndpointChanged,
    Event,
    Executed,
    KeyAdded,
    KeyCompromised,
    KeyRevoked,
    MemberAdmitted,
    MemberEvent,
    MemberReinstated,
    MemberSuspended,
    Place,
    Proposed,
    Withdrawn,
    Witnessed,
)
from ledger.directory.fold import fold
from ledger.directory.model import (
    EMPTY_LOG_ROOT,
    EMPTY_STATE_ROOT,
    Anchor,
    Directory,
    DirectoryError,
    Head,
    Key,
    Member,
    Proposal,
    Standing,
    anchor_digest,
    empty_head,
)

__all__ = [
    "EMPTY_LOG_ROOT",
    "EMPTY_STATE_ROOT",
    "Action",
    "AdminChanged",
    "AdminOffered",
    "Adopted",
    "Anchor",
    "Anchored",
    "AnchorerChanged",
    "Approved",
    "Directory",
    "DirectoryError",
    "Disowned",
    "EndpointChanged",
    "Event",
    "Executed",
    "Head",
    "Key",
    "KeyAdded",
    "KeyCompromised",
    "KeyRevoked",
    "Member",
    "MemberAdmitted",
    "MemberEvent",
    "MemberReinstated",
    "MemberSuspended",
    "Place",
    "Proposal",
    "Proposed",
    "Standing",
    "Withdrawn",
    "Witnessed",
    "anchor_digest",
    "empty_head",
    "fold",
]
