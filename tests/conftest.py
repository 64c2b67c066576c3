"""Fixtures that every kind of test shares: where others' vectors are, and what may be skipped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


def missing(reason: str) -> NoReturn:
    """Skip for want of an optional part, with its reason; fail where every part is required (CI)."""
    if os.environ.get("TONGBAN_REQUIRE_ALL") == "1":
        pytest.fail(f"required here: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_vectors() -> Path:
    """The folder of test data made by others (``TONGBAN_VECTORS`` or ``../shared/vectors``)."""
    folder = Path(os.environ.get("TONGBAN_VECTORS", ROOT.parent / "shared" / "vectors"))
    if not folder.is_dir():
        missing(f"no vectors at {folder}; name their folder with TONGBAN_VECTORS")
    return folder
