"""Proving: every bundle of a real node verifies against a trust file from its chain; what cannot be proved says why."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ledger import bundle, canonical, trust
from ledger.errors import ConflictError, DisclosureError, NotFoundError
from ledger.license.status import Event
from ledger.services.model import Operation
from ledger.services.node import Node
from tests.integration.nodes import Clock, draft

FIRST, SECOND, ABSENT = (draft(number)["uscc"] for number in (1, 2, 99))


@pytest.fixture
def story(node: Node) -> Node:
    """Three licences anchored; then the first is changed and the second revoked, and that is anchored too."""
    node.issuer.issue_many([draft(number) for number in (1, 2, 3)])
    node.sync()
    node.issuer.apply(Operation(Event.CHANGE, FIRST, changes={"heads": "样例人乙"}))
    node.issuer.apply(Operation(Event.REVOKE, SECOND))
    node.sync()
    return node


def verdicts(node: Node, proof: dict[str, Any]) -> dict[str, str]:
    report = bundle.verify(canonical.dumps(proof), trust.parse(node.make_trust_file()), now=dt.datetime.now(dt.UTC))
    obj = report.to_json()
    names = ("integrity", "issuer", "logged", "anchored", "status", "freshness")
    return {name: f"{obj[name]['verdict']} {obj[name]['reason']}" for name in names if name in obj}


def all_ok(found: dict[str, str]) -> bool:
    return all(verdict.startswith("ok ") for verdict in found.values())


def test_a_licence_in_force(story: Node) -> None:
    proof = story.prover.bundle(FIRST)
    assert all_ok(verdicts(story, proof))
    assert (proof["issued"]["index"], proof["current"]["index"], proof["anchor"]["size"]) == (3, 3, 5)
    assert verdicts(story, story.prover.bundle(draft(3)["uscc"]))["status"] == "ok active"


def test_an_older_version_and_a_revoked_licence_are_proved_to_be_so(story: Node) -> None:
    assert verdicts(story, story.prover.bundle(FIRST, version=1))["status"] == "failed superseded"
    assert verdicts(story, story.prover.bundle(SECOND))["status"] == "failed revoked"


def test_only_what_is_asked_for_is_shown(story: Node) -> None:
    proof = story.prover.bundle(FIRST, disclose=["uscc", "name"])
    assert all_ok(verdicts(story, proof))
    assert proof["credential"].count("~") == 3
    with pytest.raises(DisclosureError, match="composition"):
        story.prover.bundle(FIRST, disclose=["composition"])


def test_as_of_a_past_anchor(story: Node) -> None:
    for uscc in (FIRST, SECOND):
        proof = story.prover.bundle(uscc, size=3)
        assert all_ok(verdicts(story, proof)), "what was in force then"
        assert proof["anchor"]["seq"] == 1


def test_absence_and_history(story: Node) -> None:
    assert all_ok(verdicts(story, story.prover.absence(ABSENT)))
    history = story.prover.history_bundle(FIRST)
    assert all_ok(verdicts(story, history))
    assert [item["entry"]["event"] for item in history["entries"]] == ["ESTABLISH", "CHANGE"]
    assert len(story.prover.history_bundle(FIRST, size=3)["entries"]) == 1
    with pytest.raises(ConflictError, match=FIRST):
        story.prover.absence(FIRST)


@pytest.mark.parametrize(
    ("uscc", "asked"),
    [
        (ABSENT, {}),
        (FIRST, {"version": 3}),
        (FIRST, {"version": 2, "size": 3}),
        (FIRST, {"size": 4}),
    ],
)
def test_what_is_not_there_is_not_proved(story: Node, uscc: str, asked: dict[str, int]) -> None:
    with pytest.raises(NotFoundError):
        story.prover.bundle(uscc, **asked)  # type: ignore[arg-type]  # only whole numbers are among them
    with pytest.raises(NotFoundError):
        story.prover.history_bundle(ABSENT)


def test_what_waits_is_not_proved_yet(node: Node) -> None:
    node.issuer.issue(draft(1))
    with pytest.raises(NotFoundError, match="nothing is anchored"):
        node.prover.bundle(FIRST)
    node.sync()
    node.issuer.apply(Operation(Event.REVOKE, FIRST))
    node.issuer.issue(draft(2))
    node.sequencer.sequence()
    assert verdicts(node, node.prover.bundle(FIRST))["status"] == "ok active", "as of the anchor, before it was revoked"
    with pytest.raises(NotFoundError, match="may wait"):
        node.prover.bundle(SECOND)
    assert verdicts(node, node.prover.absence(SECOND))["status"].startswith("ok")


def test_many_anchors_later_every_one_still_answers(node: Node, clock: Clock) -> None:
    """The map's pages change under each anchor; those of the past stay, those that nobody anchored go."""
    for number in range(1, 200, 20):
        node.issuer.issue_many([draft(n) for n in range(number, number + 20)])
        node.sequencer.sequence(7)
        node.sequencer.sequence()
        if number % 40 == 1:
            node.anchorer.until_final(10)
    trusted = trust.parse(node.make_trust_file())
    for size in range(20, 181, 40):
        for number in (1, size):
            data = canonical.dumps(node.prover.bundle(draft(number)["uscc"], size=size))
            assert bundle.verify(data, trusted, now=dt.datetime.now(dt.UTC)).exit_code == 0
        data = canonical.dumps(node.prover.absence(draft(size + 1)["uscc"], size=size))
        assert bundle.verify(data, trusted, now=dt.datetime.now(dt.UTC)).exit_code == 0


def test_an_erased_version_is_not_shown_but_its_history_is(story: Node) -> None:
    story.issuer.apply(Operation(Event.ERASE, FIRST, versions=(1,)))
    story.sync()
    with pytest.raises(ConflictError, match="erased"):
        story.prover.bundle(FIRST, version=1)
    assert all_ok(verdicts(story, story.prover.bundle(FIRST)))
    assert all_ok(verdicts(story, story.prover.history_bundle(FIRST)))


def test_looking_shows_how_far_an_entry_is(story: Node) -> None:
    story.issuer.apply(Operation(Event.VOID, FIRST))
    assert [(line.index, line.anchored) for line in story.history(FIRST)] == [(0, True), (3, True), (None, False)]
    assert (story.show(FIRST).anchored, story.show(SECOND).anchored) == (False, True)
    story.sequencer.sequence()
    assert [(line.index, line.anchored) for line in story.history(FIRST)][-1] == (5, False)
    state = story.state()
    assert (state.entries, state.checkpoint, state.anchored, state.licenses) == (6, 6, 5, 3)


def test_searching_by_the_beginning_of_a_number_or_a_part_of_a_name(story: Node) -> None:
    assert [found.uscc for found in story.search(FIRST[:16])] == [FIRST]
    assert [found.uscc for found in story.search("第2有限")] == [SECOND]
    assert len(story.search("样例")) == 3
    assert len(story.search("样例", 2)) == 2
    assert story.search("%") == []
