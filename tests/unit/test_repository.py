"""The repository itself: rules of the project that no linter knows, each with its reason."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

import ledger
from ledger import errors

ROOT = Path(__file__).resolve().parents[2]
TEXT = {
    ".py",
    ".sol",
    ".md",
    ".toml",
    ".json",
    ".ndjson",
    ".csv",
    ".sh",
    ".js",
    ".mjs",
    ".cjs",
    ".txt",
    ".lock",
    ".mako",
}
CODE = {".py", ".sol"}
THIS = Path(__file__).resolve()
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def tracked() -> list[Path]:
    """Files that git knows here, without those that were deleted and not yet committed."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


@cache
def contents() -> list[tuple[Path, str]]:
    """Every tracked text file, this one excepted: it has to name what it forbids."""
    wanted = [path for path in tracked() if path.suffix in TEXT or path.name in {"Makefile", "run"}]
    return [(path.relative_to(ROOT), path.read_text("utf-8")) for path in wanted if path != THIS]


def texts(*suffixes: str) -> list[tuple[Path, str]]:
    return [(path, text) for path, text in contents() if not suffixes or path.suffix in suffixes]


def found(pattern: str, *suffixes: str) -> list[str]:
    """Where a pattern occurs: ``file:line: text``."""
    expression = re.compile(pattern)
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in texts(*suffixes)
        for number, line in enumerate(text.splitlines(), 1)
        if expression.search(line)
    ]


@cache
def modules() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(text)) for path, text in texts(".py")]


def test_git_knows_enough_files_for_these_rules_to_mean_something() -> None:
    assert len(tracked()) > 50


def test_no_path_of_anybodys_machine() -> None:
    assert found(r"(?<![\w.])/(?:work|root|home|Users)/\w") == []


def test_no_address_of_a_package_registry() -> None:
    # Everything has to install behind any mirror: no client is told where to fetch from.
    settings = r"(?:index-url|find-links|registry|GOPROXY)[\"' =:]{1,3}https?:|://[^/\s]+/simple\b"
    tests_of_it = ("tests/unit/test_check_lock.py", "tests/unit/test_repository.py")
    assert [line for line in found(settings) if not line.startswith(tests_of_it)] == []


def test_nothing_is_left_for_later() -> None:
    assert found(r"\b(?:TODO|FIXME|XXX|HACK|NotImplemented(?:Error)?)\b", ".py", ".sol", ".md", ".toml") == []


def test_no_claim_that_cannot_be_kept() -> None:
    # A chain proves that something was not changed afterwards, not that it was true; GB/T 36901 to 36906 could not be
    # read in full; and nobody gave this project an office.
    claims = (
        r"保证真实|符合\s*GB/?T\s*369|(?:conform|compl)\w*\s+(?:to|with)\s+GB/?T\s*369"
        r"|\b[Oo]fficial(?:ly)?\b|密评合格|等保合格"
    )
    assert found(claims, ".md", ".py", ".sol") == []


def test_files_stay_readable() -> None:
    # An interface's NatSpec is longer than its code, and belongs beside it: comments in Solidity do not count.
    long = {str(path): lines for path, text in texts(*CODE) if (lines := code_lines(path, text)) > 500}
    assert long == {}


def code_lines(path: Path, text: str) -> int:
    lines = text.splitlines()
    return len(lines) if path.suffix == ".py" else sum(not re.match(r"\s*(?://|/?\*|$)", line) for line in lines)


def test_functions_stay_readable() -> None:
    long = {}
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, FUNCTIONS):
                lines = (node.end_lineno or 0) - node.body[0].lineno + 1
                if ast.get_docstring(node) and len(node.body) > 1:
                    lines = (node.end_lineno or 0) - node.body[1].lineno + 1
                if lines > 60:
                    long[f"{path}:{node.name}"] = lines
    assert long == {}


def test_no_file_is_huge() -> None:
    # Data that large belongs into a script that makes it.
    assert [str(path) for path in tracked() if path.stat().st_size > 1_500_000] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(path) for path, tree in modules() if tree.body and not ast.get_docstring(tree)]
    assert silent == []


def test_no_function_is_a_stub() -> None:
    stubs = []
    for path, tree in modules():
        for owner in ast.walk(tree):
            if isinstance(owner, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in owner.bases):
                continue
            functions = [node for node in ast.iter_child_nodes(owner) if isinstance(node, FUNCTIONS)]
            stubs += [f"{path}:{node.lineno} {node.name}" for node in functions if is_stub(node)]
    assert stubs == []


def is_stub(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Nothing but ``...``, or a docstring where a value is promised; to do nothing at all can be a decision."""
    decorators = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    if decorators & {"overload", "abstractmethod"}:
        return False
    only_words = all(isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) for part in node.body)
    returns_nothing = node.returns is not None and ast.unparse(node.returns) == "None"
    return only_words and not (returns_nothing and ast.get_docstring(node))


def test_every_exception_from_a_check_names_it_and_its_reason() -> None:
    assert found(r"# type: ignore(?!\[[a-z-]+(?:, ?[a-z-]+)*\]  # \S)", ".py") == []
    assert found(r"# noqa(?!: [A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)* +\S)", ".py") == []


def declared_errors() -> dict[str, tuple[Path, set[str]]]:
    """Classes of the packages that look like exceptions: where, and the names of their bases."""
    declared = {}
    for path, tree in modules():
        if path.parts[0] in {"src", "api"}:
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    declared[node.name] = (path, {ast.unparse(base).rpartition(".")[2] for base in node.bases})
    return declared


def test_every_error_stands_in_the_tree_that_opens_its_module() -> None:
    declared, ours = declared_errors(), {"LedgerError"}
    while more := {name for name, (_, bases) in declared.items() if bases & ours} - ours:
        ours |= more
    assert len(ours) > 20
    public = {name for name in ours if name.endswith("Error") and not name.startswith("_")}
    assert {name for name in public if not re.search(rf"\b{name}\b", errors.__doc__ or "")} == set()


def test_version_is_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == ledger.__version__
    headings = re.findall(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert ledger.__version__ in headings


def test_the_licence_is_there_in_full() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text.splitlines()) > 190


def test_ci_entry_can_be_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def test_no_secret_was_committed() -> None:
    assert found(r"-----BEGIN (?:EC |RSA |ENCRYPTED |OPENSSH )?PRIVATE KEY-----$") == []


@pytest.mark.parametrize("word", ["ledger", "api"])
def test_packages_are_typed_and_importable_from_anywhere(word: str) -> None:
    # Nothing may depend on the folder that a command is started in.
    subprocess.run([ROOT / ".venv/bin/python", "-c", f"import {word}"], cwd="/", check=True)
