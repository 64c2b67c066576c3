"""How a command speaks: two languages for people, one JSON object for programs.

Every command ends by giving one result to :class:`Out`. For people it is printed with Rich, Chinese first;
with ``--json`` exactly one JSON object goes to standard output and nothing else does. Progress and notes
go to standard error, so that they never stand in the way of either.

What it leaves out: the sentences themselves (``texts``) and what a command does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ledger.cli.texts import LANGUAGES, TEXTS, text
from ledger.errors import ConfigError, LedgerError, RecordError, TransitionError
from ledger.license.shapes import INVISIBLE


@dataclass(slots=True)
class Out:
    """Where a command's words go.

    Args:
        as_json: print one JSON object instead of text.
        lang: ``both`` (Chinese, then English), ``zh`` or ``en``.
    """

    as_json: bool = False
    lang: str = "both"
    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    notes: Console = field(default_factory=lambda: Console(stderr=True, highlight=False, soft_wrap=True))

    def __post_init__(self) -> None:
        if self.lang not in LANGUAGES:
            raise ConfigError(f"--lang / TONGBAN_LANG must be one of {', '.join(LANGUAGES)}, got {self.lang!r}")

    def text(self, key: str, **values: Any) -> str:
        """A sentence in the chosen language(s), with the values escaped for Rich."""
        return text(key, self.lang, **{name: plain(value) for name, value in values.items()})

    def head(self, key: str) -> str:
        """A column's head: one language above the other."""
        zh, en = TEXTS[key]
        return {"zh": zh, "en": en}.get(self.lang, f"{zh}\n[dim]{en}[/]")

    def say(self, key: str, **values: Any) -> None:
        """Print a sentence to standard output; silent with ``--json``."""
        if not self.as_json:
            self.console.print(self.text(key, **values))

    def note(self, key: str, **values: Any) -> None:
        """Print a remark to standard error; silent with ``--json``."""
        if not self.as_json:
            self.notes.print(self.text(key, **values))

    def result(self, obj: Mapping[str, Any]) -> None:
        """Print the command's result object; silent without ``--json``."""
        if self.as_json:
            plain = self.console.encoding != "utf-8"  # JSON escapes are good in every encoding
            self.console.file.write(json.dumps(obj, ensure_ascii=plain, indent=2, default=str) + "\n")
            self.console.file.flush()

    def rows(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], **values: Any) -> None:
        """Print a table whose title and column heads are text keys; silent with ``--json``."""
        if self.as_json:
            return
        table = Table(title=self.text(title, **values), title_justify="left", header_style="bold")
        for column in columns:
            table.add_column(self.head(column), overflow="fold")
        for row in rows:
            table.add_row(*(str(cell) for cell in row))
        self.console.print(table, soft_wrap=False)

    @contextmanager
    def progress(self, key: str) -> Iterator[Any]:
        """A progress bar on standard error; yields ``update(done, total)``. Quiet when nobody watches."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        quiet = self.as_json or not self.notes.is_terminal
        with Progress(*columns, console=self.notes, disable=quiet, transient=True) as bar:
            task = bar.add_task(self.text(key), total=None)

            def update(done: int, total: int | None = None) -> None:
                bar.update(task, completed=done, total=total)

            yield update

    def error(self, error: LedgerError) -> None:
        """Print an error: for people on standard error, with ``--json`` as an object on standard output."""
        if self.as_json:
            self.result({"error": error_object(error)})
            return
        zh, en = _sentences(error)
        line = {"zh": zh, "en": en}.get(self.lang, zh if zh == en else f"{zh}\n  {en}")
        shown = "\n".join(plain(part) for part in line.split("\n"))
        self.notes.print(f"[red]✘[/] {type(error).__name__}: {shown}")


def plain(value: object) -> str:
    """Anybody's words, for Rich: no markup, and nothing that would steer the terminal or turn the line around."""
    return escape(INVISIBLE.sub("\ufffd", str(value)))


def error_object(error: LedgerError) -> dict[str, Any]:
    """The JSON form of an error: its type, its message, and for rules the rule, field and both languages."""
    obj: dict[str, Any] = {"type": type(error).__name__, "message": str(error)}
    for name in ("field", "event", "rule", "zh", "en"):
        value = getattr(error, name, None)
        if isinstance(value, str):
            obj[name] = value
    return obj


def _sentences(error: LedgerError) -> tuple[str, str]:
    if isinstance(error, RecordError):
        return f"{error.field}：{error.zh}", f"{error.field}: {error.en} [{error.rule}]"
    if isinstance(error, TransitionError):
        return f"{error.event}：{error.zh}", f"{error.event}: {error.en} [{error.rule}]"
    return str(error), str(error)


def language(environ: Mapping[str, str] = os.environ) -> str:
    """The language chosen by ``TONGBAN_LANG``; ``both`` if none is."""
    return environ.get("TONGBAN_LANG", "both")
