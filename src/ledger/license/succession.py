"""What two successive versions of one licence have to do with each other.

What it leaves out: whether the event is legal now (``lifecycle``); each version by itself (``rules``).
"""

from __future__ import annotations

from ledger.errors import RecordError
from ledger.license.record import LicenseRecord
from ledger.license.status import Event

_FOR_LIFE = {
    "licence_id": ("licence.same", "证照编号", "licence id"),
    "uscc": ("uscc.same", "统一社会信用代码", "credit code"),
    "establishment_date": ("establishment.same", "成立日期", "establishment date"),
    "cert_type_code": ("type.same", "证照类型", "certificate type"),
}
"""Fields that never change: USCC for life (GB 32100), 成立日期 (条例 art. 21), and what names the licence."""

_BOOKKEEPING = frozenset(
    {"cert_identifier", "version_no", "supersedes", "issue_date", "cause", "copies", "media", "scope_items"}
)
"""Fields that a mere reissue may change: nothing of them is a fact about the subject."""


def check_succession(old: LicenseRecord, new: LicenseRecord, event: Event) -> None:
    """Check that a version may follow another.

    Args:
        old: the newest version so far (of the other province for MOVE_ACCEPT).
        new: the version to be issued; valid by itself.
        event: why; must be the new version's own cause.

    Raises:
        RecordError: the first thing that does not fit.
    """
    _check_link(old, new, event)
    for field, (rule, zh, en) in _FOR_LIFE.items():
        if getattr(old, field) != getattr(new, field):
            raise RecordError(field, rule, f"{zh}不得改变", f"the {en} never changes")
    if new.issue_date < old.issue_date:
        raise RecordError(
            "issue_date", "dates.backwards", f"早于上一版的 {old.issue_date}", "before the last version's"
        )
    if old.scope_items and not new.scope_items:
        raise RecordError(
            "scope_items", "scope.items_required", "已按条目填写的不得改回自由文字", "it had standard items"
        )
    _check_content(old, new, event)


def _check_link(old: LicenseRecord, new: LicenseRecord, event: Event) -> None:
    if new.cause.event is not event:
        raise RecordError("cause.event", "cause.same", f"应为 {event}", f"must be {event}, got {new.cause.event}")
    if new.version_no != old.version_no + 1:
        want = old.version_no + 1
        raise RecordError("version_no", "version.next", f"应为 {want}", f"must be {want}, got {new.version_no}")
    if new.supersedes != old.cert_identifier:
        raise RecordError("supersedes", "supersedes.same", "应为上一版的标识", "must be the last version's identifier")


def _check_content(old: LicenseRecord, new: LicenseRecord, event: Event) -> None:
    changed = changed_fields(old, new) - _BOOKKEEPING
    if event is Event.REISSUE and changed:
        field = min(changed)
        raise RecordError(field, "reissue.same", "补领换发不得改变登记事项", "a reissue changes no registered item")
    if event is Event.MOVE_ACCEPT and "authority" not in changed:
        raise RecordError("authority", "move.authority", "迁入后应为新的登记机关", "a move changes the authority")
    if event in (Event.CHANGE, Event.CORRECT, Event.ANNUL_PARTIAL) and not changed | _copies(old, new):
        raise RecordError("", "change.nothing", "没有任何登记事项改变", "no registered item is changed")


def _copies(old: LicenseRecord, new: LicenseRecord) -> set[str]:
    """A change of the number of copies alone (增减副本) is a change too."""
    return set() if old.copies == new.copies else {"copies"}


def changed_fields(old: LicenseRecord, new: LicenseRecord) -> set[str]:
    """The fields in which two versions differ, by their names in the record."""
    before, after = old.to_json(), new.to_json()
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
