"""The program ``tongban``: its groups of commands, and what an error becomes.

Exit codes: 0 done; 1 refused, or something failed to verify; 2 wrong usage, or it could not be told
(``verify``, ``audit``).
"""

from __future__ import annotations

import contextlib
import io
import sys
from typing import Annotated

import typer

from ledger import __version__
from ledger.cli import anchoring, auditing, chain, consortium, licenses, lookup, proofs, setup
from ledger.cli.context import LANGUAGE
from ledger.cli.output import Out, language
from ledger.errors import ConfigError, LedgerError, StorageError

app = typer.Typer(
    name="tongban",
    help="通办链：营业执照的签发、上链、核验与审计 / business licences: issue, anchor, verify offline, audit.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:  # noqa: FBT001  # Typer's callback signature
    if value:
        typer.echo(f"tongban {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    lang: Annotated[
        str | None,
        typer.Option("--lang", envvar="TONGBAN_LANG", help="zh | en | both", show_default="both"),
    ] = None,
    version: Annotated[  # noqa: ARG001  # eager: the callback acts on it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="版本 / print the version")
    ] = False,
) -> None:
    """Options of every command."""
    LANGUAGE.set(lang or "both")


for group in (setup, consortium, chain, licenses, lookup, anchoring, proofs, auditing):
    group.register(app)


def main(arguments: list[str]) -> int:
    """Run one command.

    Args:
        arguments: as after the program's name.

    Returns:
        The exit code; an error that this project raises on purpose has been printed.
    """
    try:
        app(args=arguments, prog_name="tongban")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except LedgerError as error:
        _out(arguments).error(error)
        return 1
    except OSError as error:  # a folder that cannot be written, a full disk: files are named all over the program
        where = error.filename2 or error.filename or "-"
        with contextlib.suppress(OSError):  # standard output itself may be what fails
            _out(arguments).error(StorageError(f"无法读写文件 / cannot read or write {where}: {error.strerror}"))
        return 1
    return 0


def run() -> None:
    """Entry point of the installed program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without Chinese shows escapes, not a traceback
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))


def _out(arguments: list[str]) -> Out:
    chosen = arguments[arguments.index("--lang") + 1] if "--lang" in arguments[:-1] else language()
    try:
        return Out(as_json="--json" in arguments, lang=chosen)
    except ConfigError:  # the error to print may be this very one
        return Out(as_json="--json" in arguments)
