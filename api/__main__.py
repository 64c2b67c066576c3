"""Serve a node's log over HTTP: ``python -m api --data DIR``.

Needs no passphrase and touches no key: it reads the database, and only what a checkpoint covers.

What it leaves out: TLS, rate limits and several processes. A proxy in front does that.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from api.app import create_app
from ledger import config
from ledger.errors import LedgerError
from ledger.services.serving import LogFiles
from ledger.store.engine import Store


def main(arguments: Sequence[str]) -> int:
    """Run until stopped.

    Args:
        arguments: as after the program's name.

    Returns:
        The exit status: 1 if there is no usable node in the folder.
    """
    parser = argparse.ArgumentParser(prog="python -m api", description="Serve a node's log, read-only, as C2SP tiles.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the node's folder")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on; 0 for any free one")
    options = parser.parse_args(arguments)
    try:
        settings = config.load(options.data, os.environ)
        store = Store(settings.database)
        app = create_app(LogFiles(store, settings.log))
    except LedgerError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201  # a program says why it does not start
        return 1
    try:
        uvicorn.run(app, host=options.host, port=options.port, log_level="info", ws="none")
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
