"""The proof bundle: one file that shows a licence, its absence or its history, and its verification offline.

::

    report = verify(data, trust, now=now)          # six verdicts, never merged
    report.exit_code                               # 1 if any failed, else 2 if any is unknown, else 0
    report.to_json()                               # the object of ``tongban verify --json``

What it leaves out: making bundles (``ledger.services``), files and clocks, and whom to believe (``ledger.trust``).
"""

from ledger.bundle.argument import MAX_AGE, MAX_SKEW, verify, verify_parsed
from ledger.bundle.condition import Demand
from ledger.bundle.model import (
    MAX_BUNDLE,
    MEDIA_TYPE,
    AbsenceBundle,
    Bundle,
    BundleAnchor,
    BundleEntry,
    HistoryBundle,
    LicenseBundle,
    Located,
    SignedCheckpoint,
    encode,
    parse,
)
from ledger.bundle.verdicts import NAMES, REASONS, Answer, AsOf, Report, Verdict, Word, distrusted, malformed

__all__ = [
    "MAX_AGE",
    "MAX_BUNDLE",
    "MAX_SKEW",
    "MEDIA_TYPE",
    "NAMES",
    "REASONS",
    "AbsenceBundle",
    "Answer",
    "AsOf",
    "Bundle",
    "BundleAnchor",
    "BundleEntry",
    "Demand",
    "HistoryBundle",
    "LicenseBundle",
    "Located",
    "Report",
    "SignedCheckpoint",
    "Verdict",
    "Word",
    "distrusted",
    "encode",
    "malformed",
    "parse",
    "verify",
    "verify_parsed",
]
