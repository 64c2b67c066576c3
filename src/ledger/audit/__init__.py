"""The audit: what anybody can find out about a log, and what it proves.

It reads what a node wrote (tiles, database, chain) and writes nothing. It shares no code with the services,
and recomputes with naive folds of its own what the core computes fast (``docs/adr/0006-audit-independence.md``).
Steps are numbered as in ``docs/audit.md``::

    request ── audit ─┬─ chain ── registry ── replay, members       1–3  code, directory and votes, anchors
                      ├─ source ── walk ─┬─ logfold, roots          4    entries → log root
                      │                  ├─ statefold               5    entries → state root
                      │                  └─ entries, lifefold, legality   6    transitions
                      ├─ database ── rows, content, tables          9    a node's rows
                      └─ report, codes                              what was found, in two languages

What it leaves out: steps 7 (credential signatures) and 8 (across provinces).
"""

from ledger.audit.report import AuditReport, Finding, StepResult, render_json, render_text
from ledger.audit.request import AuditRequest, run

__all__ = ["AuditReport", "AuditRequest", "Finding", "StepResult", "render_json", "render_text", "run"]
