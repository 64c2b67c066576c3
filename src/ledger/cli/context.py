"""What commands share: their common options, the output, and how a node is opened.

What it leaves out: the commands. Nothing is read here before a command runs.
"""

from __future__ import annotations

import datetime as dt
import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger import config
from ledger.cli.output import Out
from ledger.encoding import parse_date, parse_hex
from ledger.errors import ConfigError, FormatError
from ledger.trust import MAX_TRUST

if TYPE_CHECKING:
    from ledger.services.node import Node

DataOption = Annotated[
    Path, typer.Option("--data", envvar="TONGBAN_DATA", help="节点目录 / the node's folder", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象 / print one JSON object")]
ChainOption = Annotated[
    str | None,
    typer.Option("--chain", metavar="URL", help="另一个 JSON-RPC 地址（同一条链） / another endpoint of the chain"),
]
UsccArgument = Annotated[str, typer.Argument(metavar="USCC", help="统一社会信用代码 / unified social credit code")]
KeyOption = Annotated[
    str | None,
    typer.Option("--key", metavar="TEXT", help="幂等键，重试不重复办理 / idempotency key for retries"),
]
TypeOption = Annotated[
    str | None,
    typer.Option("--license-type", metavar="CODE", help="证照类型代码 / licence type code", show_default=False),
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="写入文件 / write to this file instead of the screen")
]


LANGUAGE: ContextVar[str] = ContextVar("language", default="both")
"""The language chosen for the running command by ``--lang`` or ``TONGBAN_LANG``."""


def output(as_json: bool) -> Out:  # noqa: FBT001  # it is the --json option itself, passed on
    """The output of the running command, in the language chosen for the program."""
    return Out(as_json=as_json, lang=LANGUAGE.get())


def environment(chain: str | None = None) -> dict[str, str]:
    """The process's environment, with ``--chain`` over the variable that means the same."""
    extra = {"TONGBAN_CHAIN_URL": chain} if chain else {}
    return {**os.environ, **extra}


def passphrase() -> str:
    """The passphrase of the node's keys: from the environment, from a file that it names, or asked at the terminal.

    Raises:
        ConfigError: none is given and nobody is there to ask.
    """
    if "TONGBAN_PASSPHRASE" in os.environ:
        return os.environ["TONGBAN_PASSPHRASE"]
    if "TONGBAN_PASSPHRASE_FILE" in os.environ:
        path = Path(os.environ["TONGBAN_PASSPHRASE_FILE"])
        try:
            return path.read_text("utf-8").rstrip("\n")
        except OSError as error:
            raise ConfigError(f"TONGBAN_PASSPHRASE_FILE: cannot read {path}: {error.strerror}") from error
        except UnicodeDecodeError:  # its message would quote the passphrase
            raise ConfigError(f"TONGBAN_PASSPHRASE_FILE: {path} is not UTF-8 text") from None
    if sys.stdin is not None and sys.stdin.isatty():
        return getpass.getpass("密钥口令 / passphrase of the node's keys: ")
    raise ConfigError("the keys need a passphrase: set TONGBAN_PASSPHRASE or TONGBAN_PASSPHRASE_FILE")


@contextmanager
def node(data: Path, chain: str | None = None) -> Iterator[Node]:
    """Open the node in a folder for one command."""
    from ledger.services.node import Node  # SQLAlchemy and the chain's packages: not needed to verify a bundle

    env = environment(chain)
    with Node.open(config.load(data, env), passphrase, env=env) as opened:
        yield opened


def date_option(text: str | None) -> dt.date | None:
    """A date given on the command line."""
    return None if text is None else parse_date(text)


def address(text: str) -> bytes:
    """A contract or account address: 40 hex digits, ``0x`` allowed, either case.

    Raises:
        ConfigError: anything else.
    """
    try:
        return parse_hex(text.lower().removeprefix("0x"), 20)
    except FormatError as error:
        raise ConfigError(f"not an address of 20 bytes: {text}") from error


def read_input(path: Path) -> bytes:
    """A file's bytes; ``-`` is standard input. Of one that is larger than all formats only so much that it is refused.

    Raises:
        ConfigError: it cannot be read.
    """
    if str(path) == "-" and sys.stdin is not None:
        return sys.stdin.buffer.read(MAX_TRUST + 1)
    try:
        with path.open("rb") as file:
            return file.read(MAX_TRUST + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error


def write_output(path: Path | None, content: bytes, out: Out, key: str, **values: Any) -> None:
    """Write bytes to a file and say so, or to standard output where no file was named."""
    if path is None:
        sys.stdout.buffer.write(content if content.endswith(b"\n") else content + b"\n")
        sys.stdout.buffer.flush()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    config.write_atomically(path, content)
    out.say(key, path=path, **values)
    out.result({"written": str(path), "bytes": len(content)})
