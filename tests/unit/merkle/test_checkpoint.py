"""Signed notes and checkpoints: one spelling, size limits first, and no signature taken for another."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import CheckpointError, FormatError, LedgerError, SignatureError
from ledger.keys import Ed25519Signer
from ledger.merkle import EMPTY_ROOT
from ledger.merkle.checkpoint import (
    MAX_CHECKPOINT,
    Checkpoint,
    log_of,
    open_checkpoint,
    origin,
    sign_checkpoint,
)
from ledger.merkle.note import (
    MAX_NOTE,
    MAX_SIGNATURES,
    Verifier,
    key_hash,
    open_note,
    parse_note,
    sign_note,
    vkey,
)

LOG = bytes(range(32))
NAME = origin(LOG)


def signer(seed: int) -> Ed25519Signer:
    return Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


OURS, OTHER = signer(1), signer(2)
CHECKPOINT = Checkpoint(NAME, 1_000_000, b"r" * 32)
NOTE = sign_checkpoint(CHECKPOINT, OURS)
TEXT, LINE = CHECKPOINT.to_text(), NOTE.decode().split("\n\n")[1]
WITNESS = sign_note(TEXT, [("witness.example/w", OTHER)]).decode().split("\n\n")[1]


def noted(text: str, *lines: str) -> bytes:
    return (text + "\n" + "".join(lines)).encode()


def test_a_checkpoint_round_trips() -> None:
    assert open_checkpoint(NOTE, LOG, OURS.public) == CHECKPOINT
    assert Checkpoint.from_text(TEXT) == CHECKPOINT
    assert f"{NAME}\n1000000\n{base64.b64encode(b'r' * 32).decode()}\n" == TEXT
    assert log_of(NAME) == LOG


def test_lines_of_witnesses_may_stand_beside_the_log_s() -> None:
    for data in (noted(TEXT, LINE, WITNESS), noted(TEXT, WITNESS, LINE)):
        assert open_checkpoint(data, LOG, OURS.public) == CHECKPOINT
        note = open_note(data, [Verifier(NAME, OURS.public)], allow_unknown=True)
        assert [line.name for line in note.unknown] == ["witness.example/w"]
        with pytest.raises(SignatureError, match="unknown key"):
            open_note(data, [Verifier(NAME, OURS.public)])
        both = [Verifier(NAME, OURS.public), Verifier("witness.example/w", OTHER.public)]
        assert set(open_note(data, both).signers) == set(both)


def test_a_witness_alone_does_not_make_a_checkpoint() -> None:
    with pytest.raises(SignatureError, match="not signed by any known key"):
        open_checkpoint(noted(TEXT, WITNESS), LOG, OURS.public)


def test_any_flipped_bit_is_refused() -> None:
    for bit in range(8 * len(NOTE)):
        flipped = (int.from_bytes(NOTE, "big") ^ 1 << bit).to_bytes(len(NOTE), "big")
        with pytest.raises(LedgerError):
            open_checkpoint(flipped, LOG, OURS.public)


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("1000000", "01000000"),
        TEXT.replace("1000000", "1_000_000"),
        TEXT.replace("1000000", "+1000000"),
        TEXT.replace("1000000", " 1000000"),
        TEXT.replace("1000000", "-1"),
        TEXT.replace("1000000", "1e6"),
        TEXT.replace("1000000", ""),
        TEXT.replace("1000000", str(2**64)),
        TEXT.replace("1000000", "0"),
        TEXT.replace("I=\n", "J=\n"),
        TEXT.replace("=\n", "\n"),
        TEXT.replace("=\n", "==\n"),
        TEXT + "extension\n",
        TEXT.rpartition("\n")[0].rpartition("\n")[0] + "\n",
        TEXT.replace("tongban-ledger/", "tongban-ledger/\u00e9"),
        TEXT.replace("tongban-ledger/", "example.com/"),
        TEXT.replace(LOG.hex(), LOG.hex().upper()),
        TEXT.replace(LOG.hex(), LOG.hex()[:-2]),
        NAME + "\n1\n" + base64.b64encode(bytes(31)).decode() + "\n",
    ],
)
def test_another_spelling_is_refused_although_signed(text: str) -> None:
    assert text != TEXT
    with pytest.raises(FormatError):
        open_checkpoint(sign_note(text, [(NAME, OURS)]), LOG, OURS.public)


def test_a_checkpoint_of_another_log_signed_by_our_key_is_refused() -> None:
    text = Checkpoint(origin(bytes(32)), 5, b"r" * 32).to_text()
    with pytest.raises(CheckpointError, match="another log"):
        open_checkpoint(sign_note(text, [(NAME, OURS)]), LOG, OURS.public)


def test_another_key_or_another_log_s_name_is_refused() -> None:
    with pytest.raises(SignatureError):
        open_checkpoint(NOTE, LOG, OTHER.public)
    with pytest.raises(SignatureError):
        open_checkpoint(NOTE, bytes(32), OURS.public)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        TEXT.encode(),
        noted(TEXT),
        noted(TEXT, LINE.rstrip("\n")),
        noted(TEXT, LINE, "\n"),
        noted(TEXT, LINE, LINE),
        noted(TEXT, LINE, WITNESS, WITNESS),
        noted(TEXT, LINE, "garbage\n"),
        noted(TEXT, LINE.replace("\u2014", "-")),
        noted(TEXT, LINE.replace("\u2014 ", "\u2014")),
        noted(TEXT, LINE.replace("\u2014 ", "\u2014  ")),
        noted(TEXT, LINE.replace("=\n", "\n")),
        noted(TEXT, LINE.replace("=\n", "= \n")),
        noted(TEXT, LINE.replace(NAME, "")),
        noted(TEXT, LINE.replace(NAME, NAME + "+x")),
        noted(TEXT, LINE.replace(NAME, NAME + "\u3000")),
        noted(TEXT, LINE, "\u2014 short AAAAAA==\n"),
        noted(TEXT, LINE).replace(b"\n", b"\r\n"),
        noted(TEXT, LINE) + b"\0",
        b"\xff" + noted(TEXT, LINE),
        noted(TEXT.replace("1000000", "1000000\t"), LINE),
    ],
)
def test_malformed_notes_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        open_checkpoint(data, LOG, OURS.public)


def test_a_key_that_is_known_must_verify_even_beside_a_good_one() -> None:
    forged = sign_note("other\n", [(NAME, OURS)]).decode().split("\n\n")[1]
    with pytest.raises(SignatureError):
        open_checkpoint(noted(TEXT, forged), LOG, OURS.public)
    verifiers = [Verifier(NAME, OURS.public), Verifier("witness.example/w", OTHER.public)]
    bad = sign_note("other\n", [("witness.example/w", OTHER)]).decode().split("\n\n")[1]
    with pytest.raises(SignatureError):
        open_note(noted(TEXT, LINE, bad), verifiers, allow_unknown=True)


@pytest.mark.parametrize("length", [1, 63, 65, 72])
def test_signatures_of_odd_lengths_are_refused(length: int) -> None:
    line = base64.b64encode(key_hash(NAME, OURS.public) + bytes(length)).decode()
    with pytest.raises(SignatureError):
        open_checkpoint(noted(TEXT, f"\u2014 {NAME} {line}\n"), LOG, OURS.public)


def test_the_number_of_signatures_is_bounded() -> None:
    others = [WITNESS.replace("/w", f"/{number}") for number in range(MAX_SIGNATURES)]
    assert open_checkpoint(noted(TEXT, LINE, *others[1:]), LOG, OURS.public) == CHECKPOINT
    with pytest.raises(FormatError, match="signatures"):
        open_checkpoint(noted(TEXT, LINE, *others), LOG, OURS.public)


def test_sizes_are_checked_first() -> None:
    with pytest.raises(FormatError, match="at most"):
        open_checkpoint(b"\xff" * (MAX_CHECKPOINT + 1), LOG, OURS.public)
    with pytest.raises(FormatError, match="at most"):
        parse_note(b"\xff" * (MAX_NOTE + 1))
    with pytest.raises(FormatError, match="UTF-8"):
        parse_note(b"\xff" * MAX_NOTE)


@given(st.text(min_size=1, max_size=40), st.integers(1, 3))
def test_notes_of_any_text_round_trip(text: str, count: int) -> None:
    names = [(f"name{number}", signer(number)) for number in range(count)]
    try:
        data = sign_note(text + "\n", names)
    except FormatError:
        assert any(char < " " and char != "\n" for char in text) or not text.isprintable()
        return
    note = open_note(data, [Verifier(name, key.public) for name, key in names])
    assert note.text == text + "\n"
    assert [verifier.name for verifier in note.signers] == [name for name, _ in names]


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\u00a0", "a\x00", "\ud800"])
def test_names_without_a_spelling_are_refused(name: str) -> None:
    with pytest.raises(FormatError):
        sign_note("text\n", [(name, OURS)])
    with pytest.raises(FormatError):
        Verifier(name, OURS.public)


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "\x00\n", "\ud800\n"])
def test_texts_that_cannot_stand_in_a_note_are_refused(text: str) -> None:
    with pytest.raises(FormatError):
        sign_note(text, [(NAME, OURS)])


@pytest.mark.parametrize("count", [0, MAX_SIGNATURES + 1])
def test_a_note_has_some_signers_but_not_too_many(count: int) -> None:
    with pytest.raises(FormatError, match="signatures"):
        sign_note("text\n", [(NAME, OURS)] * count)


def test_two_known_keys_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(FormatError, match="same name"):
        open_note(NOTE, [Verifier(NAME, OURS.public)] * 2)


VKEY = vkey("log.example/1", OURS.public)
HASH = key_hash("log.example/1", OURS.public).hex()


def test_verifier_keys_round_trip() -> None:
    assert Verifier.parse(VKEY) == Verifier("log.example/1", OURS.public)
    assert f"log.example/1+{HASH}+{base64.b64encode(bytes([1]) + OURS.public).decode()}" == VKEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log.example/1",
        VKEY.rpartition("+")[0],
        VKEY.replace(HASH, "00000000"),
        VKEY.replace(HASH, HASH.upper()),
        VKEY.replace(HASH, HASH + "00"),
        VKEY.replace("+A", "+B"),  # another algorithm
        VKEY[:-1],
        VKEY + "=",
        VKEY + "+",
        VKEY + "\n",
        VKEY.replace("log.", "Log."),
        VKEY.removeprefix("log.example/1"),
    ],
)
def test_other_verifier_keys_are_refused(text: str) -> None:
    assert text != VKEY
    with pytest.raises(FormatError):
        Verifier.parse(text)


def test_vkey_and_origin_refuse_what_is_not_a_key_or_an_id() -> None:
    assert Verifier.parse(vkey(NAME, OURS.public)).public == OURS.public
    with pytest.raises(FormatError):
        vkey(NAME, bytes(33))
    with pytest.raises(FormatError):
        origin(bytes(31))
    for text in ("tongban-ledger/" + "AA" * 32, "other/" + "aa" * 32, "tongban-ledger/" + "aa" * 33):
        with pytest.raises(FormatError):
            log_of(text)


@pytest.mark.parametrize(("size", "root"), [(-1, b"r" * 32), (2**64, b"r" * 32), (1, b"r" * 31), (0, b"r" * 32)])
def test_impossible_checkpoints_are_refused(size: int, root: bytes) -> None:
    with pytest.raises(FormatError):
        Checkpoint(NAME, size, root)
    assert Checkpoint(NAME, 0, EMPTY_ROOT).size == 0
