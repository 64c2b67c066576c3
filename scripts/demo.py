"""The whole way of a licence in one program: two provinces, one chain, real commands, real tampering.

Every step is a ``tongban`` command that a person could type; the demo runs it in this process (the program's own entry
point, so that the packages are loaded once) and prints it first. It stops at the first step that does not do what it
must, with exit code 1: the demo is a test too.

What it leaves out: an outside chain, several machines, PostgreSQL. Everything happens on the embedded chain (演示链).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import shlex
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console

from ledger.canonical import dumps, loads
from ledger.cli.main import main as tongban
from ledger.encoding import b64url, parse_b64url

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"
PASSPHRASE = "样例口令 for the demo only"  # noqa: S105  # it protects nothing: it lies beside the keys
CHANGED, UNTOUCHED = "9150000020286320X6", "91110000802100433B"
SUSPENDED, REVOKED = "91500112DEM000014N", "93500110DEM0000496"  # made-up subjects: no real one is spoken ill of
ELSEWHERE = "9144030010001686XA"
console = Console(highlight=False, soft_wrap=True)


class DemoError(Exception):
    """A step did not do what it must."""


class Demo:
    """Runs the steps in a folder of its own.

    Args:
        folder: made anew; stays afterwards.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.chongqing, self.sichuan = folder / "500000", folder / "510000"
        self.public = folder / "public"
        self.trust = self.public / "trust.txt"
        self.number = 0

    def run(self) -> None:
        """All steps in order."""
        self.found()
        self.fill()
        self.live()
        self.publish()
        self.verify()
        self.refuse()
        self.tamper()

    # --- steps --------------------------------------------------------------------------------------------------------

    def found(self) -> None:
        """Two nodes, one registry, the second member admitted by vote."""
        self.chapter("两省建立节点，共用一条演示链", "two provinces make their nodes on one embedded chain")
        self.do("init", "--data", self.chongqing, "--member", "500000")
        self.do("init", "--data", self.sichuan, "--member", "510000", "--join", self.chongqing)
        self.do("propose", "admit", "--file", self.sichuan / "member.json", "--data", self.chongqing)
        self.do("keys", "publish", "--data", self.sichuan)
        self.do("members", "--data", self.chongqing)

    def fill(self) -> None:
        """Samples imported; the bad row comes back with its reason."""
        self.chapter("批量导入样例证照（含一行错误）", "import sample licences, one row of them wrong")
        errors = self.folder / "refused.ndjson"
        self.do("import", SAMPLES / "chongqing.ndjson", "--data", self.chongqing, "--errors", errors)
        self.do("import", SAMPLES / "sichuan.csv", "--data", self.sichuan)
        self.show_file(errors, "退回的行 / the row that was refused")
        self.do("import", SAMPLES / "chongqing.ndjson", "--data", self.chongqing, "--errors", errors)
        self.do("sync", "--data", self.chongqing)
        self.do("sync", "--data", self.sichuan)

    def live(self) -> None:
        """One changed, one suspended, one revoked; anchored again."""
        self.chapter("变更、歇业、吊销，再次上链", "change one, suspend one, revoke one; anchor again")
        at = ("--data", self.chongqing)
        self.do("change", CHANGED, "--set", "premises=样例市样例区新址路2号（样例）", "--key", "demo-change-1", *at)
        self.do("change", CHANGED, "--set", "premises=样例市样例区新址路2号（样例）", "--key", "demo-change-1", *at)
        self.do("suspend", SUSPENDED, "--until", _in_a_year(), *at)
        self.do("revoke", REVOKED, "--decision", "样例〔2026〕1号", *at)
        self.do("change", REVOKED, "--set", "premises=吊销后不得变更（样例）", *at, expect=1)
        self.do("sync", *at)
        self.do("history", CHANGED, *at)

    def publish(self) -> None:
        """The trust file, signed by both members, and the bundles."""
        self.chapter("信任文件（两省联署）与证明文件", "a trust file signed by both members, and proof bundles")
        at = ("--data", self.chongqing)
        self.do("trust", "make", "--out", self.trust, *at)
        self.do("trust", "cosign", self.trust, "--data", self.sichuan)
        for name, uscc in (("active", UNTOUCHED), ("suspended", SUSPENDED), ("revoked", REVOKED), ("changed", CHANGED)):
            self.do("bundle", uscc, "--out", self.bundle(name), *at)
        self.do("bundle", CHANGED, "--version", "1", "--out", self.bundle("superseded"), *at)
        self.do("bundle", UNTOUCHED, "--disclose", "uscc", "--disclose", "name", "--out", self.bundle("minimal"), *at)
        self.do("bundle", CHANGED, "--history", "--out", self.bundle("history"), *at)
        self.do("bundle", ELSEWHERE, "--absent", "--out", self.bundle("absent"), *at)

    def verify(self) -> None:
        """What holds, verified with nothing but two files."""
        self.chapter("离线核验：只用证明文件与信任文件", "verify offline: nothing but the bundle and the trust file")
        self.verified("active", 0)
        for name in ("suspended", "minimal", "changed", "history", "absent"):
            self.verified(name, 0, brief=True)

    def refuse(self) -> None:
        """What does not hold, refused by the verdict that owns it."""
        self.chapter(
            "伪造、旧版、吊销：各由相应结论拒绝", "forged, superseded, revoked: each refused by its own verdict"
        )
        forge_name(self.bundle("active"), self.bundle("forged"))
        self.verified("forged", 1, "integrity")
        self.verified("superseded", 1, "status", brief=True)
        self.verified("revoked", 1, "status", brief=True)

    def tamper(self) -> None:
        """A row edited behind the ledger's back, found, restored."""
        self.chapter(
            "有人绕过系统改动数据库：审计查出",
            "somebody edits the database behind the ledger's back: the audit finds it",
        )
        at = ("--data", self.chongqing)
        self.do("audit", *at)
        database = self.chongqing / "ledger.sqlite"
        before = edit_name(database, UNTOUCHED, "被篡改的名称（样例）")
        console.print(f"   [red]UPDATE contents …  {UNTOUCHED}  name = 被篡改的名称（样例）[/]")
        self.do("audit", *at, expect=1)
        edit_name(database, UNTOUCHED, before)
        console.print("   [green]已恢复[/] restored")
        self.do("audit", *at)
        self.do("audit", "--data", self.sichuan)

    # --- helpers ------------------------------------------------------------------------------------------------------

    def do(self, *arguments: object, expect: int = 0) -> None:
        """Print a command, run it, and insist on its exit code."""
        words = [str(argument) for argument in arguments]
        shown = [os.path.relpath(word) if word.startswith(str(ROOT)) else word for word in words]
        console.print(f"\n[bold cyan]$ tongban {shlex.join(shown)}[/]")
        sys.stdout.flush()
        code = tongban(words)
        if code != expect:
            raise DemoError(f"exit code {code}, expected {expect}: tongban {shlex.join(shown)}")
        if expect:
            console.print(f"   [dim]exit code {code}, as it must be[/]")

    def verified(self, name: str, expect: int, owner: str | None = None, *, brief: bool = False) -> None:
        """Verify a bundle; where it must be refused, by the verdict that owns the fault and by no other."""
        pins = self.public / "pins.json"
        more = ("--brief",) if brief else ()
        self.do("verify", self.bundle(name), "--trust", self.trust, "--pins", pins, *more, expect=expect)
        if owner is not None:
            failed = failed_verdicts(self.bundle(name), self.trust, self.public / "pins.json")
            if failed != [owner]:
                raise DemoError(f"{name} must be refused by {owner}, was by {failed}")

    def bundle(self, name: str) -> Path:
        """Where a bundle is written."""
        return self.public / f"{name}.bundle.json"

    def chapter(self, zh: str, en: str) -> None:
        """Begin a part."""
        self.number += 1
        console.print()
        console.print(f"[bold reverse] {self.number}. {zh} [/]\n[dim]   {en}[/]")

    def show_file(self, path: Path, title: str) -> None:
        """Print a small file."""
        console.print(f"   [dim]{title}: {os.path.relpath(path)}[/]")
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            row.pop("row", None)
            console.print("   " + json.dumps(row, ensure_ascii=False))


def failed_verdicts(bundle: Path, trust: Path, pins: Path) -> list[str]:
    """Names of the verdicts that failed, from ``tongban verify --json``."""
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen):
        tongban(["verify", str(bundle), "--trust", str(trust), "--pins", str(pins), "--json"])
    report: dict[str, Any] = json.loads(screen.getvalue())
    names = ("integrity", "issuer", "logged", "anchored", "status", "freshness")
    return [name for name in names if report[name]["verdict"] == "failed"]


def forge_name(source: Path, target: Path) -> None:
    """Write a copy of a bundle that shows another name: the disclosure is replaced, everything else stays."""
    obj = loads(source.read_bytes())
    parts = obj["credential"].split("~")
    for position, part in enumerate(parts[1:-1], start=1):
        disclosure = loads(parse_b64url(part))
        if len(disclosure) == 3 and disclosure[1] == "name":
            parts[position] = b64url(dumps([disclosure[0], "name", "伪造的名称（样例）"]))
    obj["credential"] = "~".join(parts)
    target.write_bytes(dumps(obj))


def edit_name(database: Path, uscc: str, name: str) -> str:
    """Change a name in the newest version's stored record, as somebody with access to the file could.

    Returns:
        The name that stood there.
    """
    with closing(sqlite3.connect(database)) as connection, connection:
        query = (
            "SELECT c.rowid, c.record FROM contents c JOIN licenses l ON l.subject = c.subject"
            " WHERE l.uscc = ? ORDER BY c.version DESC LIMIT 1"
        )
        row, text = connection.execute(query, (uscc,)).fetchone()
        record = json.loads(text)
        before, record["name"] = record["name"], name
        edited = dumps(record).decode()  # spelt as the ledger spells it: only the name is wrong
        connection.execute("UPDATE contents SET record = ? WHERE rowid = ?", (edited, row))
    return str(before)


def _in_a_year() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 300 * 86_400))


def closing_words(demo: Demo, seconds: float) -> None:
    """What was left behind, and what to try next."""
    folder = os.path.relpath(demo.folder)
    console.print()
    console.print("[bold reverse green] 演示完成 [/]  done")
    console.print(f"用时 {seconds:.0f} 秒 seconds. 数据留在 [bold]{folder}/[/]，可继续查看 stays there to explore:\n")
    console.print(f"  export TONGBAN_PASSPHRASE_FILE={folder}/passphrase")
    for command in (
        f"show {CHANGED} --data {folder}/500000",
        f"search 9150 --data {folder}/500000",
        f"verify {folder}/public/superseded.bundle.json --trust {folder}/public/trust.txt --json",
        f"deregister {UNTOUCHED} --data {folder}/500000 && .venv/bin/tongban sync --data {folder}/500000",
        f"audit --data {folder}/500000 --json",
        f"export {folder}/tiles --data {folder}/500000 && .venv/bin/tongban audit --tiles {folder}/tiles",
        "--help",
    ):
        console.print(f"  .venv/bin/tongban {command}")
    console.print("\n样例数据：公司代码为公开信息，其余事项均为虚构。Sample data: only the companies' codes are real.")


def main() -> int:
    """Run the demo; 0 if every step did what it must."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "demo-data", help="made anew (default: demo-data)")
    folder: Path = parser.parse_args().folder.resolve()
    started = time.monotonic()
    if folder.exists() and not (folder / "passphrase").exists() and any(folder.iterdir()):
        console.print(f"[red]{folder} is not a folder of this demo; it is left alone.[/]")
        return 2
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "public").mkdir(parents=True)
    (folder / "passphrase").write_text(PASSPHRASE + "\n", "utf-8")
    os.environ.pop("TONGBAN_PASSPHRASE", None)
    os.environ["TONGBAN_PASSPHRASE_FILE"] = str(folder / "passphrase")
    demo = Demo(folder)
    try:
        demo.run()
    except DemoError as error:
        console.print(f"\n[bold red]✘ {error}[/]")
        return 1
    closing_words(demo, time.monotonic() - started)
    return 0


if __name__ == "__main__":
    sys.exit(main())
