"""Credit codes that others computed, valid and invalid, with the reason."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ledger.errors import FormatError
from ledger.license import uscc


def test_every_vector_is_judged_as_its_maker_says(shared_vectors: Path) -> None:
    with (shared_vectors / "uscc.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["valid"] for row in rows} == {"true", "false"}
    for row in rows:
        if row["valid"] == "true":
            assert uscc.validate(row["code"]).code == row["code"]
            unknown_region = "not a GB/T 2260 division" in row["note"]
            assert bool(uscc.validate(row["code"]).warnings) >= unknown_region
        else:
            with pytest.raises(FormatError):
                uscc.validate(row["code"])
