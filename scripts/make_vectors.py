"""Make the project's own test vectors: ``tests/vectors/<folder>/<case>.json``, the same bytes every time.

    python scripts/make_vectors.py            write them
    python scripts/make_vectors.py --check    make them again and compare bytes; exit 1 if any differs

Each folder has one function in ``scripts/vectors`` that returns its cases by name; to add a folder, add a function to
``FOLDERS``. What the fields mean is said in ``tests/vectors/README.md``. Nothing is random: keys and hashes come from
fixed seeds, and Ed25519 signs deterministically.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from scripts.vectors.bundles import bundle_cases
from scripts.vectors.common import Cases
from scripts.vectors.documents import canonical_cases, entry_cases
from scripts.vectors.log import checkpoint_cases, tiles_cases
from scripts.vectors.statemap import statemap_cases
from scripts.vectors.trustfiles import trust_cases

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "vectors"

FOLDERS: dict[str, Callable[[], Cases]] = {
    "bundle": bundle_cases,
    "canonical": canonical_cases,
    "checkpoint": checkpoint_cases,
    "entry": entry_cases,
    "statemap": statemap_cases,
    "tiles": tiles_cases,
    "trust": trust_cases,
}


def make() -> dict[Path, bytes]:
    """Every file by its path under the folder of vectors."""
    return {
        Path(folder, f"{name}.json"): (json.dumps(case, ensure_ascii=False, indent=1) + "\n").encode()
        for folder, cases in FOLDERS.items()
        for name, case in cases().items()
    }


def differences(folder: Path) -> list[str]:
    """What in the folder is not what would be made now; one line each."""
    made = make()
    found = {path.relative_to(folder): path.read_bytes() for path in folder.glob("*/*.json")}
    lines = [f"missing: {path}" for path in sorted(made.keys() - found.keys())]
    lines += [f"not made by this script: {path}" for path in sorted(found.keys() - made.keys())]
    return lines + [f"differs: {path}" for path in sorted(made.keys() & found.keys()) if made[path] != found[path]]


def write(folder: Path) -> int:
    """Write every file, and remove those that are no longer made."""
    made = make()
    for path in folder.glob("*/*.json"):
        if path.relative_to(folder) not in made:
            path.unlink()
    for path, data in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return len(made)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; the exit code."""
    parser = argparse.ArgumentParser(description="Make the project's own test vectors.")
    parser.add_argument("--check", action="store_true", help="compare instead of writing; exit 1 if anything differs")
    if not parser.parse_args(arguments).check:
        print(f"{write(FOLDER)} vectors written")
        return 0
    lines = differences(FOLDER)
    print("\n".join(lines) or "the vectors are as they would be made now")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
