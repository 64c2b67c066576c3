#!/usr/bin/env python3
"""Deploy a registry contract for a consortium, without a node: founders from their ``member.json`` files.

    scripts/deploy.py 500000.json 510000.json --chain URL --key keystore.json
    scripts/deploy.py 500000.json 510000.json --embedded chain.sqlite

``member.json`` is what ``tongban init`` writes. ``--key`` is an encrypted Ethereum keystore (Web3 Secret Storage,
version 3) of whoever pays; its passphrase is asked for, or comes from TONGBAN_PASSPHRASE. The embedded chain takes no
fees: a key of no further use is made for it. Whoever deploys has no rights afterwards. What then stands on the chain is
compared with the committed artifact, byte by byte.

Prints the facts that every node pins, as JSON. Exit codes: 0 deployed, 2 not.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))  # runs from a checkout, installed or not

from ledger.chain.provider import connect
from ledger.chain.registry import deploy
from ledger.errors import ConfigError, LedgerError
from ledger.services.description import parse_description

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


def parser() -> argparse.ArgumentParser:
    """The program's arguments."""
    made = argparse.ArgumentParser(description="部署登记合约 / deploy a registry contract")
    made.add_argument("founders", nargs="+", type=Path, metavar="MEMBER.JSON", help="发起成员 / a founding member")
    where = made.add_mutually_exclusive_group(required=True)
    where.add_argument("--chain", metavar="URL", help="外部链的 JSON-RPC 地址 / an outside chain's JSON-RPC endpoint")
    where.add_argument("--embedded", type=Path, metavar="FILE", help="演示链文件 / the file of an embedded chain")
    made.add_argument("--key", type=Path, metavar="FILE", help="付费者的密钥文件 / keystore of whoever pays")
    return made


def payer(key: Path | None, *, embedded: bool) -> LocalAccount:
    """The account that signs the deployment.

    Raises:
        ConfigError: no key where one is needed, or it cannot be opened.
    """
    from eth_account import Account

    if key is None:
        if not embedded:
            raise ConfigError("--key is needed: an outside chain may take fees")
        made: LocalAccount = Account.create()
        return made
    secret = os.environ.get("TONGBAN_PASSPHRASE") or getpass.getpass("密钥口令 / passphrase: ")
    try:
        opened: LocalAccount = Account.from_key(Account.decrypt(key.read_text("utf-8"), secret))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{key} cannot be opened: {error}") from error
    return opened


def run(given: argparse.Namespace) -> dict[str, object]:
    """Deploy, and return what every node pins."""
    members = [parse_description(path.read_bytes()) for path in given.founders]
    account = payer(given.key, embedded=given.embedded is not None)
    with connect(url=given.chain, embedded=given.embedded) as connection:
        registry, receipt = deploy(connection, members, account)
    return {
        "registry": registry.address.hex(),
        "chain_id": str(registry.chain_id),
        "genesis": registry.genesis.hex(),
        "block": receipt.block,
        "gas": receipt.gas_used,
    }


def main(arguments: list[str] | None = None) -> int:
    """Deploy and print; returns the exit code."""
    given = parser().parse_args(arguments)
    try:
        print(json.dumps(run(given)))
    except (LedgerError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
