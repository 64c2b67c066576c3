"""The HTTP side: every error has a status, and the log is served as C2SP tlog-tiles over a real socket."""

from __future__ import annotations

import gzip
import importlib
import pkgutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

import ledger
from api import problems
from api.app import create_app
from ledger import errors
from ledger.merkle import leaf_hash
from ledger.merkle.tiles import entries_path, tile_path, unpack_entries
from ledger.merkle.tree import MemoryTiles, extend, root

SIZE = 600
LOG = "/api/v1/log"


class MemoryLog(MemoryTiles):
    """A log in memory; entries beyond ``signed`` are pending."""

    def __init__(self, contents: list[bytes], signed: int) -> None:
        super().__init__()
        self.contents, self.signed = contents, signed
        self.write(extend(self, 0, [leaf_hash(data) for data in contents]))

    def checkpoint(self) -> tuple[int, bytes] | None:
        return (self.signed, f"log\n{self.signed}\nroot\n\n— log sig\n".encode()) if self.signed else None

    def entries(self, start: int, count: int) -> list[bytes]:
        return self.contents[start : start + count]


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The app on a real server and a free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    return MemoryLog([b'{"entry":%d}' % i for i in range(SIZE + 50)], signed=SIZE)


@pytest.fixture(scope="module")
def client(log: MemoryLog) -> Iterator[httpx.Client]:
    with serving(create_app(log)) as url, httpx.Client(base_url=url) as http:
        yield http


def all_errors(base: type[errors.LedgerError] = errors.LedgerError) -> set[type[errors.LedgerError]]:
    return {base}.union(*(all_errors(kind) for kind in base.__subclasses__()))


def test_every_error_has_a_status() -> None:
    ours = {kind for kind in all_errors() if kind.__module__ == "ledger.errors"}
    assert len(ours) > 20
    assert ours - problems.PROBLEMS.keys() == set()


def test_errors_declared_elsewhere_are_answered_as_a_parent_that_says_something() -> None:
    for module in pkgutil.walk_packages(ledger.__path__, "ledger."):
        if "migrations" not in module.name:
            importlib.import_module(module.name)
    elsewhere = {k for k in all_errors() if k.__module__.startswith(("ledger.", "api.")) and k not in problems.PROBLEMS}
    bare = {kind for kind in elsewhere if not set(kind.__mro__[1:]) & (problems.PROBLEMS.keys() - {errors.LedgerError})}
    assert bare == set()


def test_slugs_are_unique_and_titles_are_in_both_languages() -> None:
    assert len({problem.slug for problem in problems.PROBLEMS.values()}) == len(problems.PROBLEMS)
    for problem in problems.PROBLEMS.values():
        assert problem.en.isascii()
        assert not problem.zh.isascii()


@pytest.mark.parametrize(
    ("header", "english"),
    [
        ("", False),
        ("*", False),
        ("en", True),
        ("en-GB,en;q=0.9", True),
        ("zh-CN,zh;q=0.9,en;q=0.8", False),
        ("en;q=0.8,zh;q=0.3", True),
        ("en;q=bad", False),
        ("fr", False),
    ],
)
def test_language_is_chinese_unless_english_is_preferred(header: str, english: bool) -> None:
    assert problems.prefers_english(header) is english


@given(st.text())
def test_any_language_header_is_survived(header: str) -> None:
    assert problems.prefers_english(header) in {True, False}


def failing(error: Exception) -> FastAPI:
    app = create_app(MemoryLog([], 0))

    @app.get("/fail")
    def fail() -> None:
        raise error

    return app


def test_problem_details_carry_field_and_rule_in_the_language_asked_for() -> None:
    with serving(failing(errors.RecordError("name", "name.required", "名称不能为空", "a name is required"))) as url:
        chinese = httpx.get(f"{url}/fail")
        english = httpx.get(f"{url}/fail", headers={"Accept-Language": "en"})
    assert chinese.status_code == 422
    assert chinese.headers["content-type"] == "application/problem+json"
    assert chinese.headers["content-language"] == "zh-CN"
    assert chinese.json() == {
        "type": "urn:tongban:problem:record",
        "title": "证照内容不符合规则",
        "status": 422,
        "field": "name",
        "rule": "name.required",
        "detail": "名称不能为空",
    }
    assert english.json()["detail"] == "a name is required"


@pytest.mark.parametrize("error", [errors.StorageError("secret place"), ZeroDivisionError("secret place")])
def test_what_is_wrong_inside_is_not_told(error: Exception) -> None:
    with serving(failing(error)) as url:
        answer = httpx.get(f"{url}/fail")
    assert answer.status_code >= 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


def test_a_subclass_without_an_entry_of_its_own_gets_its_parents() -> None:
    class OddChainError(errors.ChainUnavailableError):
        pass

    with serving(failing(OddChainError("x"))) as url:
        assert httpx.get(f"{url}/fail").json()["type"] == "urn:tongban:problem:chain-unavailable"


def test_it_is_alive(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_checkpoint_is_text_that_nobody_keeps(client: httpx.Client) -> None:
    answer = client.get(f"{LOG}/checkpoint")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.text.splitlines()[1] == str(SIZE)


def test_the_log_can_be_rebuilt_from_what_is_served(client: httpx.Client, log: MemoryLog) -> None:
    leaves = []
    for index, width in [(0, 256), (1, 256), (2, 88)]:
        bundle = client.get(f"{LOG}/{entries_path(index, width)}")
        tile = client.get(f"{LOG}/{tile_path(0, index, width)}")
        for answer in (bundle, tile):
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        hashes = [leaf_hash(data) for data in unpack_entries(bundle.content)]
        assert tile.content == b"".join(hashes)
        leaves += hashes
    top = client.get(f"{LOG}/{tile_path(1, 0, 2)}").content
    rebuilt = MemoryTiles()
    rebuilt.write({(1, 0): top, (0, 2): b"".join(leaves[512:])})
    assert root(rebuilt, SIZE) == root(log, SIZE)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/002",  # not full yet
        "tile/0/002.p/89",  # exists, but is not covered by the checkpoint
        "tile/0/002.p/256",
        "tile/0/002.p/0",
        "tile/0/002.p/088",
        "tile/0/2.p/88",
        "tile/00/002.p/88",
        "tile/0/x000/002.p/88",
        "tile/0/002%2ep/88",
        "tile/0/003",
        "tile/1/000.p/3",
        "tile/2/000.p/1",
        "tile/8/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/entries/002",
        "tile/entries/002.p/89",
        "tile/0/000/",
        "tile/0/",
        "tile/",
        "tile/data/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "checkpoint/",
        "entries",
    ],
)
def test_any_other_path_is_not_found(client: httpx.Client, path: str) -> None:
    answer = client.get(f"{LOG}/{path}", follow_redirects=False)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_narrower_tiles_of_earlier_checkpoints_are_still_served(client: httpx.Client, log: MemoryLog) -> None:
    full = client.get(f"{LOG}/tile/0/000").content
    assert len(full) == 8192
    assert client.get(f"{LOG}/tile/0/000.p/7").content == full[: 7 * 32]
    assert unpack_entries(client.get(f"{LOG}/tile/entries/000.p/7").content) == log.contents[:7]


@pytest.mark.parametrize(("accepts", "encoding"), [("gzip", "gzip"), ("identity", None), ("gzip;q=0", None)])
def test_bundles_are_compressed_for_those_who_accept_it(
    client: httpx.Client, log: MemoryLog, accepts: str, encoding: str | None
) -> None:
    with client.stream("GET", f"{LOG}/tile/entries/000", headers={"Accept-Encoding": accepts}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert unpack_entries(gzip.decompress(raw) if encoding else raw) == log.contents[:256]


def test_an_empty_log_has_neither_checkpoint_nor_tiles() -> None:
    with serving(create_app(MemoryLog([], 0))) as url:
        assert httpx.get(f"{url}{LOG}/checkpoint").status_code == 404
        assert httpx.get(f"{url}{LOG}/tile/0/000.p/1").status_code == 404


def test_a_tile_that_storage_lost_is_not_invented() -> None:
    broken = MemoryLog([b"a", b"b"], signed=2)
    broken.tiles[0, 0] = broken.tiles[0, 0][:32]
    broken.contents.pop()
    with serving(create_app(broken)) as url:
        assert httpx.get(f"{url}{LOG}/tile/0/000.p/2").status_code == 503
        assert httpx.get(f"{url}{LOG}/tile/entries/000.p/2").status_code == 503


def test_nothing_but_reading_is_possible(client: httpx.Client) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = client.request(method, f"{LOG}/checkpoint")
        assert answer.status_code == 405
        assert answer.headers["content-type"] == "application/problem+json"
