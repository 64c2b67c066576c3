"""The documents: links resolve, commands exist, decisions are numbered, and nothing promised is missing."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

ROOT = Path(__file__).resolve().parents[2]
ADR = ROOT / "docs" / "adr"
ADR_LINES = 90
"""One page."""


@cache
def documents() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", "*.md"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def outside_blocks(path: Path) -> str:
    return re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """Names that a link can point at: headings as forges spell them."""
    headings = re.findall(r"^#+ +(.*)$", outside_blocks(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).strip().replace(" ", "-") for heading in headings}


def links() -> Iterator[tuple[Path, str]]:
    for path in documents():
        for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", outside_blocks(path))):
            if "://" not in target and not target.startswith("mailto:"):
                yield path, target


def test_every_link_resolves() -> None:
    broken = []
    for path, target in links():
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(f"{path.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_document_that_the_code_names_exists() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.py", "*.sol", "*.toml"], cwd=ROOT, capture_output=True, check=True
    )
    missing = set()
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            named = re.findall(r"\bdocs/[\w/-]+\.md\b", (ROOT / name).read_text("utf-8"))
            missing |= {f"{name}: {document}" for document in named if not (ROOT / document).is_file()}
    assert missing == set()


def test_every_document_is_reachable_from_the_readme() -> None:
    known, todo = set(), [ROOT / "README.md"]
    edges: dict[Path, set[Path]] = {}
    for path, target in links():
        edges.setdefault(path, set()).add((path.parent / target.partition("#")[0]).resolve())
    while todo:
        path = todo.pop()
        known.add(path)
        todo += [other for other in edges.get(path, set()) - known if other.suffix == ".md" and other.is_file()]
    folders = {other for targets in edges.values() for other in targets if other.is_dir()}
    lost = [path for path in documents() if path not in known and not folders.intersection(path.parents)]
    assert [str(path.relative_to(ROOT)) for path in lost] == []


def code_blocks(path: Path) -> Iterator[str]:
    for block in re.findall(
        r"^ *```(?:sh|bash|console)?\n(.*?)^ *```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        yield block.replace("\\\n", " ")


def commands(program: str) -> list[tuple[str, list[str]]]:
    """Calls of a program in code blocks and in inline code: where, and the words after its name."""
    found = []
    for path in documents():
        lines = [line for block in code_blocks(path) for line in block.splitlines()]
        lines += re.findall(r"`([^`\n]+)`", outside_blocks(path))
        for line in lines:
            call = re.search(rf"(?:^|[|;&(]\s*|\s)(?:\S*/)?{program}((?:\s+[^#|;&]*)?)(?:[#|;&]|$)", f" {line.strip()}")
            if call and re.match(rf"\s*(?:[A-Z_]+=\S+\s+)*(?:\$ |\S*/)?{program}(\s|$)", line):
                found.append((str(path.relative_to(ROOT)), shlex.split(call[1].replace("…", ""))))
    return found


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = [(where, word) for where, words in commands("make") for word in words if re.fullmatch(r"[a-z-]+", word)]
    assert len(named) > 5
    assert [(where, word) for where, word in named if word not in targets] == []


def test_make_help_names_every_command() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "test", "check", "contracts"):
        assert re.search(rf"^make {target}\b", shown, re.MULTILINE)


@cache
def program() -> Any:
    from ledger.cli.main import app

    return typer.main.get_command(app)


def problem_of(words: list[str]) -> str | None:
    """What is wrong with a call of ``tongban``, if anything: an unknown command or option."""
    command = program()
    options = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help", "-h"}
    takes = {name: p for p in command.params for name in p.opts}
    position = 0
    while position < len(words):
        word = words[position]
        if word.startswith("-") and len(word) > 1:
            name = word.partition("=")[0]
            if name not in options:
                return f"no option {name} of {command.name}"
            parameter = takes.get(name)
            if parameter and parameter.param_type_name == "option" and not parameter.is_flag and "=" not in word:
                position += 1
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"no command {word} of {command.name}"
            command = command.commands[word]
            options |= {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
            takes |= {name: p for p in command.params for name in p.opts}
        position += 1
    return None


def test_every_call_of_the_program_in_the_documents_is_possible() -> None:
    calls = commands("tongban")
    assert len(calls) > 10
    wrong = [(where, " ".join(words), problem) for where, words in calls if (problem := problem_of(words))]
    assert wrong == []


def test_the_check_above_would_notice() -> None:
    assert problem_of(["isue", "x.json"])
    assert problem_of(["verify", "x.json", "--trsut", "t"])
    assert problem_of(["--data", "x"])
    assert problem_of(["verify", "x.json", "--trust", "isue"]) is None


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    assert [name for name in program().commands if not re.search(rf"tongban (?:[a-z|]*\|)?{name}\b", text)] == []


def decisions() -> list[Path]:
    return sorted(ADR.glob("*.md"))


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [path.name[:4] for path in decisions() if path.name != "README.md"]
    assert numbers
    assert numbers == [f"{n:04d}" for n in range(int(numbers[0]), int(numbers[0]) + len(numbers))]
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md|README\.md", path.name) for path in decisions())


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.name)
def test_a_decision_is_one_page_with_a_title(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert len(lines) <= ADR_LINES


@pytest.mark.parametrize("name", ["formats.md", "threat-model.md", "operating.md", "README.md"])
def test_the_documents_that_the_readme_promises_are_written(name: str) -> None:
    assert len((ROOT / "docs" / name).read_text("utf-8").splitlines()) > 15
