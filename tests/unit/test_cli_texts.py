"""What the command line says: nothing is lost in one language, and no code stands where a word is needed."""

from __future__ import annotations

from string import Formatter

import pytest

from ledger.cli import face
from ledger.cli.lookup import event_text
from ledger.cli.output import Out
from ledger.cli.texts import ENGLISH_ALONE, LANGUAGES, TEXTS, text
from ledger.directory import Action
from ledger.keys import Purpose
from ledger.license.status import Event, Flag, SubjectState


def blanks(template: str) -> set[str]:
    """The values that a sentence shows."""
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_english_alone_shows_every_value_that_chinese_shows(key: str) -> None:
    zh, en = TEXTS[key]
    shown = blanks(ENGLISH_ALONE.get(key, en))
    assert blanks(zh) - {"zh"} <= shown, key  # {zh} is a Chinese word, which the English sentence has in English
    assert blanks(en) <= shown


def test_english_alone_replaces_a_sentence_that_is_there() -> None:
    assert ENGLISH_ALONE.keys() <= TEXTS.keys()
    values = {"path": "a.json"}
    assert [text("bundle.written", lang, **values).count("a.json") for lang in LANGUAGES] == [1, 1, 1]


def test_every_word_of_the_directory_and_of_the_axes_is_translated() -> None:
    keys = {f"action.{action.name.lower()}" for action in Action} | {f"subject.{state}" for state in SubjectState}
    keys |= {f"purpose.{purpose.name.lower()}" for purpose in Purpose} | {f"flag.{flag}" for flag in Flag}
    keys |= {f"verify.basis.{basis}" for basis in ("none", "issuer", "witnessed", "replayed")}
    assert keys <= TEXTS.keys()


@pytest.mark.parametrize(
    ("currency", "lang", "shown"),
    [("840", "zh", "10 美元"), ("840", "en", "10 USD"), ("156", "en", "10 CNY"), ("999", "zh", "10 999")],
)
def test_a_capital_names_its_currency(currency: str, lang: str, shown: str) -> None:
    record = {"capital_amount": "10", "capital_currency": currency}
    assert [value for _, value in face.rows(Out(lang=lang), record)] == [shown]


@pytest.mark.parametrize("event", Event)
def test_an_event_is_said_in_chinese_and_by_its_code(event: Event) -> None:
    assert not event_text(Out(lang="zh"), event).isascii()
    assert event_text(Out(lang="en"), event) == event
