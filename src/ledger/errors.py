"""The one tree of errors.

Everything that this project raises on purpose is a :class:`LedgerError`::

    LedgerError
    ├─ FormatError (ValueError)       bytes, text or JSON that are not the one accepted spelling
    ├─ RecordError (ValueError)       a licence record breaks a rule: field, rule, Chinese and English
    ├─ TransitionError                a licence may not move that way
    ├─ VerificationError              raised, never returned as False; holds got and want
    │  ├─ InclusionError · ConsistencyError · StateProofError · SignatureError
    │  ├─ DisclosureError · CheckpointError · AnchorMismatchError · TrustError
    │  ├─ DirectoryError              declared in ledger.directory
    ├─ NotFoundError · ConflictError
    ├─ ConfigError                    settings, keys or a node's folder are not usable
    ├─ StorageError                   the database does not hold what it must
    │  └─ RestoredBackupError         it is older than what was anchored: issuing is refused
    └─ ChainError
       ├─ ChainUnavailableError       nothing was sent, or unknown: look it up before sending again
       │  ├─ RpcError · ChainLockedError    declared in ledger.chain
       ├─ WrongChainError             another chain id, genesis or contract than the pinned one
       ├─ FinalityTimeoutError        sent, not final in time; the stored transaction stays
       └─ ContractRevertedError       the contract refused; carries the decoded custom error

What it leaves out: HTTP statuses (``api.problems`` has the one table) and exit codes (``ledger.cli``).
A name ends in ``Error``; a caller who wants them all catches :class:`LedgerError`.
"""

from __future__ import annotations

from typing import Any


class LedgerError(Exception):
    """Base of every error that this project raises on purpose."""


class FormatError(LedgerError, ValueError):
    """Bytes, text or JSON that are not the one accepted spelling of a value."""


class RecordError(LedgerError, ValueError):
    """A licence record breaks a rule.

    Args:
        field: dotted path of the field, such as ``heads[0].name``.
        rule: stable id of the rule, such as ``capital.forbidden``.
        zh: what is wrong, in Simplified Chinese, for the clerk.
        en: the same in English.
    """

    def __init__(self, field: str, rule: str, zh: str, en: str) -> None:
        super().__init__(f"{field}: {zh} / {en} [{rule}]")
        self.field = field
        self.rule = rule
        self.zh = zh
        self.en = en


class TransitionError(LedgerError):
    """A licence may not move that way.

    Args:
        event: the event that was asked for.
        rule: stable id of the guard that refused.
        zh: why not, in Simplified Chinese.
        en: the same in English.
    """

    def __init__(self, event: str, rule: str, zh: str, en: str) -> None:
        super().__init__(f"{event}: {zh} / {en} [{rule}]")
        self.event = event
        self.rule = rule
        self.zh = zh
        self.en = en


class VerificationError(LedgerError):
    """Something that had to be proved was not. Holds what was found and what had to be found.

    Args:
        message: what was checked, in English.
        got: what was found, if it can be shown.
        want: what had to be found, if it can be shown.
    """

    def __init__(self, message: str, *, got: Any = None, want: Any = None) -> None:
        detail = "" if got is None and want is None else f" (got {_show(got)}, want {_show(want)})"
        super().__init__(message + detail)
        self.got = got
        self.want = want


class InclusionError(VerificationError):
    """A leaf is not at that index of that tree."""


class ConsistencyError(VerificationError):
    """The larger tree is not an extension of the smaller one."""


class StateProofError(VerificationError):
    """The state map does not say that of this subject."""


class SignatureError(VerificationError):
    """A signature is not by that key over those bytes."""


class DisclosureError(VerificationError):
    """A disclosure does not belong to the credential, or is shown twice."""


class CheckpointError(VerificationError):
    """A checkpoint is not of that log, size or root."""


class AnchorMismatchError(VerificationError):
    """An anchor is not the one that the chain (or the trust file) has."""


class TrustError(VerificationError):
    """A trust file is not signed by those whom the verifier pinned."""


class NotFoundError(LedgerError):
    """There is no such thing here."""


class ConflictError(LedgerError):
    """The request contradicts what is already there, such as a re-used idempotency key."""


class ConfigError(LedgerError):
    """Settings, keys or a node's folder are not usable."""


class StorageError(LedgerError):
    """The database does not hold what it must."""


class RestoredBackupError(StorageError):
    """The database is behind the chain's head, or contradicts it: an old backup. Nothing is issued or signed on it."""


class ChainError(LedgerError):
    """Anything between us and the contract."""


class ChainUnavailableError(ChainError):
    """The node did not answer: nothing was sent, or it is not known. Look it up before sending again."""


class WrongChainError(ChainError):
    """Another chain id, genesis block or contract than the pinned one. Never believed, never sent to."""


class FinalityTimeoutError(ChainError):
    """A sent transaction was not final in time. It stays stored and is looked up again."""


class ContractRevertedError(ChainError):
    """The contract refused.

    Args:
        name: name of the Solidity custom error, or ``unknown``.
        arguments: its decoded parameters.
    """

    def __init__(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        self.name = name
        self.arguments = arguments or {}
        shown = ", ".join(f"{k}={_show(v)}" for k, v in self.arguments.items())
        super().__init__(f"contract refused: {name}({shown})")


def _show(value: Any) -> str:
    return value.hex() if isinstance(value, (bytes, bytearray)) else str(value)
