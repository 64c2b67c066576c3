"""Issuing: every event of a licence, each in one database transaction.

Interface; see ``docs/adr/0005-store-and-services.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from ledger.errors import LedgerError
from ledger.services.model import Draft, Issued, Operation


class IssuerPort(Protocol):
    """What the command line and the API use of an issuer (``node.issuer``)."""

    def issue(self, draft: Draft, *, legacy: bool = False, idempotency_key: str | None = None) -> Issued:
        """Open a subject's history: ESTABLISH, or IMPORT_LEGACY for a licence issued before the ledger.

        Raises:
            RecordError: the record breaks a rule (the first one broken).
            TransitionError: the subject has a licence here already.
            ConflictError: the idempotency key was used for another request.
            StorageError: the database is an old backup; see ``anchoring``.
        """

    def apply(self, operation: Operation, *, idempotency_key: str | None = None) -> Issued:
        """Enter any later event.

        Raises:
            NotFoundError: no such licence here.
            RecordError, TransitionError, ConflictError, StorageError: as :meth:`issue`.
        """

    def issue_many(
        self, drafts: Iterable[Draft], *, legacy: bool = False, keys: Sequence[str] | None = None
    ) -> list[Issued | LedgerError]:
        """Issue many in one transaction; a draft that is refused gives its error and does not stop the others."""
