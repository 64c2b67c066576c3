"""Everything between the ledger and a chain: any JSON-RPC node, or the embedded chain in one file.

Read in this order: ``blockstore`` and ``embedded`` (the chain in a file), ``rpc`` and ``server`` (its JSON-RPC),
``provider`` (connecting to it or to an outside node), ``abi`` and ``events`` (the contract's words), ``transactions``
and ``registry`` (the contract's client).

Modules are imported one by one: py-evm and web3 take their time, and not every command needs them.

What it leaves out: when to anchor and what to do about a fault (``ledger.services``).
"""
