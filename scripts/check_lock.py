"""Check the lock files: pinned, hashed, free of addresses, in step with pyproject.toml and with what is installed.

A lock file has to work behind any mirror, so it names no index, and has to be enough to refuse a changed package, so
every line carries hashes. What it leaves out: whether newer versions exist (``make lock`` asks for them) and whether
they have known weaknesses.

Run by ``make check``; prints what is wrong and exits 1, or nothing and exits 0.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"runtime": ["build"], "dev": ["build", "dev"]}
"""Each lock file, and the extras of pyproject.toml that it holds beside the dependencies proper."""

_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_INTEGRITY = re.compile(r"sha512-[A-Za-z0-9+/]{86}==")


@dataclass(frozen=True)
class Pin:
    """One requirement of a lock file."""

    name: str
    version: str
    marker: Marker | None

    def applies(self) -> bool:
        """Whether this machine installs it."""
        return self.marker is None or self.marker.evaluate()


def parse_lock(text: str) -> tuple[list[Pin], list[str]]:
    """The pins of a pip requirements file, and what is wrong with its lines."""
    pins, wrong = [], []
    if "://" in text:
        wrong.append("an address stands in the file")
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        try:
            pins.append(parse_pin(line))
        except ValueError as error:
            wrong.append(f"{error}: {line[:60]!r}")
    return pins, wrong


def parse_pin(line: str) -> Pin:
    """One logical line: ``name==version ; marker --hash=sha256:… --hash=sha256:…`` and nothing else.

    Raises:
        ValueError: anything else, such as an option, a range, an address or a missing hash.
    """
    head, *hashes = line.strip().split(" --hash=")
    requirement = Requirement(head)
    specifiers = list(requirement.specifier)
    if requirement.url or requirement.extras or len(specifiers) != 1 or specifiers[0].operator != "==":
        raise ValueError("not pinned as name==version")
    if not hashes or not all(_HASH.fullmatch(value.strip()) for value in hashes):
        raise ValueError("no sha256 hash, or another option beside it")
    return Pin(canonicalize_name(requirement.name), specifiers[0].version, requirement.marker)


def unsatisfied(requirements: list[str], pins: list[Pin]) -> Iterator[str]:
    """Requirements of pyproject.toml that the pins do not meet."""
    by_name = {pin.name: pin for pin in pins}
    for text in requirements:
        requirement = Requirement(text)
        pin = by_name.get(canonicalize_name(requirement.name))
        if pin is None:
            yield f"{requirement.name} is not in the lock; run make lock"
        elif not requirement.specifier.contains(pin.version, prereleases=True):
            yield f"{text!r} is locked as {pin.version}; run make lock"


def check_python(root: Path) -> Iterator[str]:
    """Everything about ``requirements/*.lock``."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    versions: dict[str, dict[str, str]] = {}
    for name, extras in LOCKS.items():
        pins, wrong = parse_lock((root / "requirements" / f"{name}.lock").read_text("utf-8"))
        wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
        for extra in extras:
            wanted += project["project"]["optional-dependencies"][extra]
        yield from (f"requirements/{name}.lock: {problem}" for problem in [*wrong, *unsatisfied(wanted, pins)])
        versions[name] = {pin.name: pin.version for pin in pins}
    for name, version in versions["runtime"].items():
        if (other := versions["dev"].get(name)) != version:
            yield f"{name} is {version} in runtime.lock and {other} in dev.lock; run make lock"


def check_node(lock: dict[str, Any]) -> Iterator[str]:
    """Everything about a ``package-lock.json``: integrity on every package, no address anywhere."""
    for path, package in lock.get("packages", {}).items():
        if "resolved" in package:
            yield f"{path} has a resolved address; npm install --package-lock-only --omit-lockfile-registry-resolved"
        if path and not _INTEGRITY.fullmatch(package.get("integrity", "")):
            yield f"{path} has no sha512 integrity"
    if "://" in json.dumps({path: {**p, "funding": None} for path, p in lock.get("packages", {}).items()}):
        yield "an address stands in the file"


def check_installed(root: Path) -> Iterator[str]:
    """What is installed here is what the development lock says, and none of it is under the AGPL."""
    pins, _ = parse_lock((root / "requirements" / "dev.lock").read_text("utf-8"))
    for pin in pins:
        if not pin.applies():
            continue
        try:
            installed = importlib.metadata.version(pin.name)
        except importlib.metadata.PackageNotFoundError:
            yield f"{pin.name} {pin.version} is locked and not installed"
            continue
        if installed != pin.version:
            yield f"{pin.name} is installed as {installed}, locked as {pin.version}"
    for distribution in importlib.metadata.distributions():
        terms = license_of(distribution)
        if "AGPL" in terms or "Affero" in terms:
            yield f"{distribution.name} is under the AGPL, which this project cannot depend on"


def license_of(distribution: importlib.metadata.Distribution) -> str:
    """What a distribution's metadata says of its licence: expression, first line of the free text, classifiers."""
    metadata = distribution.metadata.json
    free_text = str(metadata.get("license", "")).strip().partition("\n")[0]
    classifiers = [c for c in metadata.get("classifier", []) if c.startswith("License")]
    return " | ".join([str(metadata.get("license_expression", "")), free_text, *classifiers])


def main() -> int:
    """Print every problem; the exit status says whether there is one."""
    problems = [*check_python(ROOT), *check_installed(ROOT)]
    node_lock = ROOT / "contracts" / "package-lock.json"
    problems += [f"contracts/package-lock.json: {p}" for p in check_node(json.loads(node_lock.read_text("utf-8")))]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
