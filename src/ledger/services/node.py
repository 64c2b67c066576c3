"""A node opened from its folder: settings, keys, store and chain wired to the services.

Interface; see ``docs/adr/0005-store-and-services.md``::

    Node.create(data, *, member, issuer, passphrase, env=None, chain=None, clock=…, entropy=…) -> Node
        makes DIR, keys (one passphrase), log id, database, node.json; ConfigError if there is a node already
    Node.open(settings, passphrase, *, env=None, clock=…, entropy=…) -> Node     context manager; .close()
    node.attach(chain: ChainSettings)            pins chain and registry, writes node.json (after deploy/admission)
    node.settings node.keys node.store
    node.issuer      .issue(draft, legacy=, idempotency_key=) .apply(Operation) .issue_many(drafts)
    node.sequencer   .sequence(limit=None) -> Checkpoint | None
    node.anchorer    .recover() · .anchor_once() · .until_final(timeout=None) -> Anchored | None
    node.sync(progress=None) -> Anchored | None  sequence, anchor, wait until final (what `tongban sync` does)
    node.importer    .run(path, errors=Path, legacy=, progress=callable(done, total)) -> ImportReport
    node.prover      .bundle(uscc, *, disclose=None, version=None, size=None) -> dict
                     .absence(uscc, size=None) -> dict
                     .history_bundle(uscc, size=None) -> dict
    node.show(uscc) -> Shown · node.history(uscc) -> list[HistoryLine] · node.search(text, limit=50) -> list[Shown]
    node.state() -> NodeState
    node.registry    chain client, connected on first use; node.directory() -> ledger.directory.Directory
"""
