"""Unit tests open no connection: what needs one is an integration test."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NoReturn

import pytest


def _refuse(*_arguments: object) -> NoReturn:
    pytest.fail("a unit test opened a connection; move it to tests/integration")


@pytest.fixture(autouse=True, scope="module")
def _no_connections() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _refuse)
        patch.setattr(socket.socket, "connect_ex", _refuse)
        yield
