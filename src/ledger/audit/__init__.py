"""The audit: what anybody can find out about a log, and what it proves.

It reads what a node wrote (tiles, database, chain) and writes nothing. It shares no code with the services,
and recomputes with naive folds of its own what the core computes fast (``docs/adr/0006-audit-independence.md``).
Steps are numbered as in DESIGN section 7::

    members  1–3  deployed code, directory and votes, anchors
    walk     4–6  entries → log root, entries → state root, transitions
    rows     9    a node's database against its entries

What it leaves out: steps 7 (credential signatures) and 8 (across provinces).
"""
