"""scripts/check_lock.py: it accepts our lock files and refuses each way in which one can be wrong."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import pytest

from scripts import check_lock

HASH = "sha256:" + "0" * 64
INTEGRITY = "sha512-" + "A" * 86 + "=="


def test_our_own_lock_files_hold() -> None:
    assert list(check_lock.check_python(check_lock.ROOT)) == []
    assert list(check_lock.check_installed(check_lock.ROOT)) == []


def test_a_good_lock_is_read() -> None:
    more = f" \\\n    --hash={HASH}"
    text = f"# a comment\nalpha==1.0{more}{more}\nB_eta==2 ; python_version < '3'{more}\n"
    pins, wrong = check_lock.parse_lock(text)
    assert wrong == []
    assert [(pin.name, pin.version, pin.applies()) for pin in pins] == [("alpha", "1.0", True), ("b-eta", "2", False)]


@pytest.mark.parametrize(
    "line",
    [
        "alpha==1.0",
        f"alpha>=1.0 --hash={HASH}",
        f"alpha --hash={HASH}",
        f"alpha==1.0,!=2 --hash={HASH}",
        f"alpha[extra]==1.0 --hash={HASH}",
        "alpha==1.0 --hash=md5:0",
        f"alpha==1.0 --hash={HASH[:-1]}",
        f"alpha==1.0 --hash={HASH} --index-url=x",
        f"alpha @ https://host/alpha.whl --hash={HASH}",
        "--index-url https://host/simple",
        "--find-links wheels",
        "-e .",
        "./alpha",
        "# from https://host/simple",
    ],
)
def test_a_bad_line_is_named(line: str) -> None:
    assert check_lock.parse_lock(line + "\n")[1]


def test_a_requirement_that_the_lock_does_not_meet_is_named() -> None:
    pins, _ = check_lock.parse_lock(f"alpha==1.0 --hash={HASH}\npre==1.0b1 --hash={HASH}\n")
    assert list(check_lock.unsatisfied(["alpha>=1", "Alpha<2", "pre>=1.0b1"], pins)) == []
    assert len(list(check_lock.unsatisfied(["alpha>=2", "beta"], pins))) == 2


def node_lock(**package: Any) -> dict[str, Any]:
    return {"packages": {"": {"name": "root"}, "node_modules/alpha": {"version": "1.0.0", **package}}}


def test_a_node_lock_needs_integrity_and_has_no_address() -> None:
    assert list(check_lock.check_node(node_lock(integrity=INTEGRITY))) == []
    assert list(check_lock.check_node(node_lock(integrity=INTEGRITY, funding={"url": "https://host"}))) == []
    assert list(check_lock.check_node(node_lock()))
    assert list(check_lock.check_node(node_lock(integrity="sha1-abc")))
    assert list(check_lock.check_node(node_lock(integrity=INTEGRITY, resolved="https://host/alpha.tgz")))
    assert list(check_lock.check_node(node_lock(integrity=INTEGRITY, version="https://host/alpha.tgz")))


def test_terms_are_read_from_every_place_that_packages_put_them() -> None:
    assert "MIT" in check_lock.license_of(importlib.metadata.distribution("pytest"))
    assert "LGPL" in check_lock.license_of(importlib.metadata.distribution("python-stdnum"))
    assert "Apache" in check_lock.license_of(importlib.metadata.distribution("tongban-ledger"))
