"""Issuing: every event in one transaction, idempotent, legal, and bound to what was before."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ledger import canonical, entry
from ledger.errors import ConflictError, LedgerError, NotFoundError, RecordError, RestoredBackupError, TransitionError
from ledger.license.status import Event, Flag, SubjectState, VersionState
from ledger.services.model import Issued, Operation
from ledger.services.node import Node
from ledger.store.queries import entries, licenses, logs
from tests.integration.nodes import Clock, draft

USCC = draft()["uscc"]


def operation(event: Event, **given: Any) -> Operation:
    return Operation(event, USCC, **given)


def test_a_licence_is_established(node: Node) -> None:
    issued = node.issuer.issue(draft())
    assert (issued.event, issued.n, issued.version) == (Event.ESTABLISH, 0, 1)
    shown = node.show(USCC)
    assert shown.record is not None
    assert (shown.name, shown.record["issue_date"], shown.index) == (draft()["name"], "2026-11-02", None)
    assert shown.subject == entry.license_subject("11100000MB0143028R001", USCC)


def test_the_same_key_and_request_give_the_same_answer(node: Node, clock: Clock) -> None:
    first = node.issuer.issue(draft(), idempotency_key="window-7/1")
    clock.pass_(hours=1)
    again = node.issuer.issue(draft(), idempotency_key="window-7/1")
    assert again.replayed
    assert not first.replayed
    assert (again.leaf, again.identifier, again.recorded) == (first.leaf, first.identifier, first.recorded)
    assert node.state().pending == 1


def test_the_same_key_and_another_request_is_a_conflict(node: Node) -> None:
    node.issuer.issue(draft(), idempotency_key="k")
    with pytest.raises(ConflictError, match="another request"):
        node.issuer.issue(draft(premises="重庆市渝中区样例路2号"), idempotency_key="k")
    with pytest.raises(ConflictError, match="another request"):
        node.issuer.issue(draft(), legacy=True, idempotency_key="k")
    with pytest.raises(ConflictError, match="another request"):
        node.issuer.apply(operation(Event.REVOKE), idempotency_key="k")


def test_an_operation_is_idempotent_too(node: Node) -> None:
    node.issuer.issue(draft())
    first = node.issuer.apply(operation(Event.FLAG_ON, flag=Flag.ABNORMAL_LIST), idempotency_key="f")
    again = node.issuer.apply(operation(Event.FLAG_ON, flag=Flag.ABNORMAL_LIST), idempotency_key="f")
    assert (again.replayed, again.n) == (True, first.n)


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_has_a_length(node: Node, key: str) -> None:
    with pytest.raises(ConflictError, match="1 to 200"):
        node.issuer.issue(draft(), idempotency_key=key)


def test_a_subject_has_one_licence_here(node: Node) -> None:
    node.issuer.issue(draft())
    with pytest.raises(TransitionError, match="state"):
        node.issuer.issue(draft(name="重庆样例另一有限公司"))


def test_two_of_one_subject_in_one_batch(node: Node) -> None:
    answers = node.issuer.issue_many([draft(), draft(name="重庆样例另一有限公司"), draft(2)])
    assert [isinstance(answer, Issued) for answer in answers] == [True, False, True]
    assert isinstance(answers[1], TransitionError)


def test_a_batch_enters_what_is_right_and_names_what_is_not(node: Node) -> None:
    wrong = draft(2, premises="")
    answers = node.issuer.issue_many([draft(1), wrong, draft(3)], keys=["1", "2", "3"])
    assert isinstance(answers[1], RecordError)
    assert answers[1].field == "premises"
    assert node.state().pending == 2
    replayed = node.issuer.issue_many([draft(1), wrong, draft(3)], keys=["1", "2", "3"])
    assert [isinstance(one, Issued) and one.replayed for one in replayed] == [True, False, True]
    assert node.state().pending == 2


def test_a_change_is_a_new_version_of_the_same_licence(node: Node, clock: Clock) -> None:
    first = node.issuer.issue(draft())
    clock.pass_(days=3)
    changed = node.issuer.apply(operation(Event.CHANGE, changes={"premises": "重庆市渝中区样例路9号"}))
    assert (changed.version, changed.n) == (2, 1)
    shown = node.show(USCC)
    assert shown.record is not None
    assert shown.record["premises"] == "重庆市渝中区样例路9号"
    assert shown.record["supersedes"] == first.identifier
    assert (shown.record["establishment_date"], shown.record["issue_date"]) == ("2026-11-02", "2026-11-05")
    assert shown.record["cause"] == {"event": "CHANGE"}


def test_a_field_set_to_none_is_removed(node: Node) -> None:
    node.issuer.issue(draft(term_from="2026-11-02", term_to="2036-11-01"))
    node.issuer.apply(operation(Event.CHANGE, changes={"term_to": None}))
    shown = node.show(USCC).record
    assert shown is not None
    assert "term_to" not in shown
    assert shown["term_from"] == "2026-11-02"


def test_what_may_not_change_does_not(node: Node) -> None:
    node.issuer.issue(draft())
    with pytest.raises(RecordError, match="nothing"):
        node.issuer.apply(operation(Event.CHANGE))
    with pytest.raises(RecordError, match="establishment"):
        node.issuer.apply(operation(Event.CORRECT, changes={"establishment_date": "2026-11-01"}))
    with pytest.raises(TransitionError, match=r"request\.changes"):
        node.issuer.apply(operation(Event.VOID, changes={"name": "重庆样例另一有限公司"}))
    assert node.state().pending == 1


def test_the_whole_life(node: Node, clock: Clock) -> None:
    node.issuer.issue(draft())
    clock.pass_(days=1)
    suspended = node.issuer.apply(operation(Event.SUSPEND, until=dt.date(2027, 6, 30)))
    assert (suspended.status.subject, suspended.until) == (SubjectState.SUSPENDED, dt.date(2027, 6, 30))
    assert node.issuer.apply(operation(Event.RESUME)).until is None
    node.issuer.apply(operation(Event.VOID))
    assert node.issuer.apply(operation(Event.REISSUE)).status.version is VersionState.CURRENT
    node.issuer.apply(operation(Event.LIQUIDATE))
    gone = node.issuer.apply(operation(Event.DEREGISTER))
    assert gone.status.subject is SubjectState.DEREGISTERED
    with pytest.raises(TransitionError):
        node.issuer.apply(operation(Event.CHANGE, changes={"name": "重庆样例另一有限公司"}))
    assert [line.event for line in node.history(USCC)][-1] is Event.DEREGISTER


def test_guards_are_asked_with_the_family_and_the_clerks_answers(node: Node) -> None:
    node.issuer.issue(draft())
    with pytest.raises(TransitionError, match=r"deregister\.branch"):
        node.issuer.apply(operation(Event.DEREGISTER, guards={"has_live_branch": True}))
    with pytest.raises(TransitionError, match=r"request\.guards"):
        node.issuer.apply(operation(Event.DEREGISTER, guards={"hash_live_branch": True}))


def test_nothing_takes_effect_tomorrow(node: Node) -> None:
    node.issuer.issue(draft())
    with pytest.raises(TransitionError, match=r"date\.future"):
        node.issuer.apply(operation(Event.REVOKE, effective=dt.date(2026, 11, 3)))
    with pytest.raises(TransitionError, match=r"date\.future"):
        node.issuer.issue(draft(2, issue_date="2026-11-03", establishment_date="2026-11-03"))


def test_a_date_is_a_chinese_date(node: Node, clock: Clock) -> None:
    clock.now = dt.datetime(2026, 11, 2, 16, 30, tzinfo=dt.UTC)  # half past midnight in Chongqing
    assert node.issuer.issue(draft()).effective == dt.date(2026, 11, 3)


def test_a_clock_that_steps_back_does_not_reorder_a_history(node: Node, clock: Clock) -> None:
    first = node.issuer.issue(draft())
    clock.pass_(minutes=-30)
    assert node.issuer.apply(operation(Event.REVOKE)).recorded == first.recorded


def test_an_organ_issues_in_its_own_province(node: Node) -> None:
    elsewhere = {"code": "11100000MB0143028R", "name": "样例局", "division": {"code": "510107", "name": "武侯区"}}
    with pytest.raises(RecordError, match=r"authority\.province"):
        node.issuer.issue(draft(authority=elsewhere))


def test_facts_are_committed_to_and_can_be_shown(node: Node) -> None:
    node.issuer.issue(draft())
    facts = {"decision_no": "渝市监罚〔2026〕7号", "reason": "样例事由"}
    node.issuer.apply(operation(Event.REVOKE, facts=facts))
    assert node.history(USCC)[1].facts == facts
    with node.store.read() as transaction:
        log = logs.get(transaction, node.settings.log).id
        subject = entry.license_subject("11100000MB0143028R001", USCC)
        salt, value = entries.commitments_of(transaction, log, subject)[1]
        parsed = entry.parse(entries.history(transaction, log, subject)[1].data)
    assert isinstance(parsed, entry.LicenseEntry)
    assert parsed.commit == entry.commitment(salt, canonical.loads(value.encode()))
    assert len(salt) == 32


def test_entries_hold_nothing_personal(node: Node) -> None:
    node.issuer.issue(draft())
    node.issuer.apply(operation(Event.CHANGE, changes={"heads": "样例人二"}, facts={"reason": "样例人二 继任"}))
    with node.store.read() as transaction:
        log = logs.get(transaction, node.settings.log).id
        rows = entries.history(transaction, log, entry.license_subject("11100000MB0143028R001", USCC))
    for row in rows:
        assert row.data.isascii()
        assert USCC.encode() not in row.data


def test_no_such_licence(node: Node) -> None:
    for ask in (
        lambda: node.issuer.apply(operation(Event.REVOKE)),
        lambda: node.show(USCC),
        lambda: node.history(USCC),
    ):
        with pytest.raises(NotFoundError, match=USCC):
            ask()


def test_a_guarded_node_issues_nothing(node: Node) -> None:
    node.issuer.issue(draft())
    with node.store.write() as transaction:
        logs.set_guard(transaction, logs.get(transaction, node.settings.log).id, "a test")
    with pytest.raises(RestoredBackupError, match="a test"):
        node.issuer.issue(draft(2))
    with pytest.raises(RestoredBackupError, match="a test"):
        node.issuer.apply(operation(Event.REVOKE))
    with pytest.raises(RestoredBackupError, match="a test"):
        node.sequencer.sequence()
    with node.store.write() as transaction:
        logs.set_guard(transaction, logs.get(transaction, node.settings.log).id, None)
    node.sequencer.sequence()


def test_many_clerks_at_one_licence(node: Node) -> None:
    """Of ten who revoke at once one does; of ten retries of one request all get one answer."""
    node.issuer.issue(draft())

    def revoke(_number: int) -> Issued | LedgerError:
        try:
            return node.issuer.apply(operation(Event.REVOKE))
        except LedgerError as error:
            return error

    def retry(_number: int) -> bytes:
        return node.issuer.issue(draft(2), idempotency_key="one").leaf

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(revoke, range(10)))
        leaves = set(pool.map(retry, range(10)))
    assert sum(isinstance(answer, Issued) for answer in answers) == 1
    assert len(leaves) == 1
    assert node.state().pending == 3


def test_a_failure_anywhere_leaves_nothing(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """The licence's row is written last; if that fails, version and entry are not there either."""
    node.issuer.issue(draft())

    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(licenses, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        node.issuer.apply(operation(Event.CHANGE, changes={"name": "重庆样例另一有限公司"}))
    assert (node.state().pending, node.show(USCC).version) == (1, 1)


def test_salts_never_repeat(node: Node) -> None:
    node.issuer.issue_many([draft(number) for number in range(1, 6)])
    seen = []
    with node.store.read() as transaction:
        log = logs.get(transaction, node.settings.log).id
        for number in range(1, 6):
            subject = entry.license_subject("11100000MB0143028R001", draft(number)["uscc"])
            version = licenses.version(transaction, log, subject, 1)
            assert version is not None
            assert version.disclosures is not None
            seen += version.disclosures.split("~")[:-1]
    assert len(seen) == len(set(seen)) > 100
