"""All SQL of the project, by what it is about: ``logs``, ``licenses``, ``entries``, ``tree``, ``anchors``.

Each function takes a connection inside a transaction (``Store.read``, ``Store.write``) and, where it is about one log,
that log's row id. Nothing here commits, and nothing decides.
"""
