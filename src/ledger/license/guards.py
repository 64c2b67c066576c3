"""What must hold before a licence may move on: one function per rule of law, each with its own rule id.

The table of ``lifecycle`` names the guards of each event. A guard gets the state as it is on the event's effective
date and the request; it returns nothing and raises :class:`~ledger.errors.TransitionError`.

What it leaves out: which event may follow which state, and what an event leads to (``lifecycle``).
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from typing import NoReturn

from ledger.errors import TransitionError
from ledger.license.families import FAMILIES, Family
from ledger.license.identifier import MAX_VERSION
from ledger.license.status import Event, Flag, Status, SubjectState, VersionState
from ledger.license.words import EVENT_WORDS, FLAG_WORDS, Text

SUSPENSION_YEARS = 3
"""Longest suspension, all periods together (条例 art. 30)."""

EXTENSION_DAYS = 30
"""An extension is filed within this many days before the suspension ends (细则 art. 41)."""

TERMINAL = frozenset({SubjectState.DEREGISTERED, SubjectState.ANNULLED, SubjectState.MOVED})
"""States in which nobody presents the newest credential any more; only then may it be erased."""

Period = tuple[dt.date, dt.date]
"""First and last day of a suspension that is over, both included."""


@dataclass(frozen=True, slots=True)
class Now:
    """Where a licence stands after its newest entry; everything follows from the subject's entries alone.

    Attributes:
        status: on the three axes.
        version: number of the newest credential, 1..999.
        effective: latest effective date of any entry so far.
        until: last day of the suspension; not None iff the subject is suspended. An entry carries exactly this.
        suspended_since: first day of the running suspension.
        suspended_before: suspensions that are over, oldest first.
        erased: versions whose disclosures were destroyed.
        before: the state that MOVE_CANCEL, RESTORE or ANNUL_REVERSE would go back to; not None iff the subject is
            moving, deregistered or annulled.
    """

    status: Status
    version: int
    effective: dt.date
    until: dt.date | None = None
    suspended_since: dt.date | None = None
    suspended_before: tuple[Period, ...] = ()
    erased: frozenset[int] = frozenset()
    before: Now | None = None

    @property
    def annulled_from(self) -> Status | None:
        """The status that an annulment took away, or None where the subject is not annulled."""
        if self.before is None or self.status.subject is not SubjectState.ANNULLED:
            return None
        return self.before.status


@dataclass(frozen=True, slots=True)
class Request:
    """An event that somebody wants to enter.

    Attributes:
        event: what is to happen.
        effective: its legal date (Asia/Shanghai).
        until: last day of a suspension; only for SUSPEND, EXTEND_SUSPEND, and MOVE_ACCEPT of a suspended subject.
        flag: only for FLAG_ON and FLAG_OFF.
        versions: to be erased, any order; only for ERASE.
        family: of the subject, where the caller knows it; None leaves the guards on it unchecked.
        has_live_branch: a branch of the subject is not deregistered.
        simple: the simple procedure of deregistration (条例 art. 33).
        ordered_closed: an authority ordered the subject to close (责令关闭), which the log does not say.
        published: day on which the simple procedure was published (a household: pushed to other authorities).
        household_may_move: the node is configured to let households move between provinces.
        arriving: status with which a moved subject arrives; only for MOVE_ACCEPT.
        version: version with which it arrives, one more than the last over there; only for MOVE_ACCEPT.
        suspended_before: suspensions over there that are over; only for MOVE_ACCEPT.
    """

    event: Event
    effective: dt.date
    until: dt.date | None = None
    flag: Flag | None = None
    versions: tuple[int, ...] = ()
    family: Family | None = None
    has_live_branch: bool = False
    simple: bool = False
    ordered_closed: bool = False
    published: dt.date | None = None
    household_may_move: bool = False
    arriving: Status | None = None
    version: int | None = None
    suspended_before: tuple[Period, ...] = ()


PUBLICATION, APPLICATION, HOUSEHOLD_NOTICE = 20, 20, 10
"""Days of the simple procedure (条例 art. 33): published, then open for application; a household's notice to others."""


def refuse(event: Event, rule: str, zh: str, en: str) -> NoReturn:
    """Raise the refusal of an event.

    Raises:
        TransitionError: always.
    """
    words = EVENT_WORDS[event]
    raise TransitionError(event.value, rule, f"不能办理{words.zh}：{zh}", f"{words.en} refused: {en}")


def suspension_limit(since: dt.date, before: tuple[Period, ...]) -> dt.date:
    """Last day that a suspension begun on ``since`` may have.

    Three years end on the same day three years later, or on the month's last day (民法典 arts. 201, 202); the days
    of earlier suspensions, first and last included, are taken off (条例 art. 30: three years in all).
    """
    year = since.year + SUSPENSION_YEARS
    day = min(since.day, calendar.monthrange(year, since.month)[1])
    used = sum((last - first).days + 1 for first, last in before)
    return dt.date(year, since.month, day) - dt.timedelta(days=used)


def suspension_within_limit(now: Now, request: Request) -> None:
    """All suspensions together last at most three years (条例 art. 30)."""
    since = request.effective if now.suspended_since is None else now.suspended_since
    _check_until(request, since, now.suspended_before)


def _check_until(request: Request, since: dt.date, before: tuple[Period, ...]) -> None:
    if request.until is None:
        refuse(request.event, "suspend.until_missing", "应载明歇业截止日", "the last day of the suspension is missing")
    if request.until < request.effective:
        refuse(request.event, "suspend.until_past", "截止日早于生效日", "the last day is before the effective date")
    limit = suspension_limit(since, before)
    if request.until > limit:
        zh = f"歇业累计不得超过三年，最晚至 {limit}"
        refuse(request.event, "suspend.three_years", zh, f"at most three years in all, until {limit}")


def extension_in_window(now: Now, request: Request) -> None:
    """An extension is filed within the 30 days before the end, and makes it later (细则 art. 41)."""
    if now.until is None:  # cannot be: a suspended subject has an end
        refuse(request.event, "suspend.until_missing", "应载明歇业截止日", "the last day of the suspension is missing")
    opens = now.until - dt.timedelta(days=EXTENSION_DAYS)
    if request.effective < opens:
        zh = f"应在期满前30日内办理，即 {opens} 至 {now.until}"
        refuse(request.event, "suspend.extend_window", zh, f"file it from {opens} to {now.until}")
    if request.until is not None and request.until <= now.until:
        refuse(request.event, "suspend.not_longer", f"应晚于原截止日 {now.until}", f"must end after {now.until}")


def flag_can_be_set(now: Now, request: Request) -> None:
    """A remark is set once; the service address replaces the domicile only during a suspension (条例 art. 30)."""
    flag = named_flag(request)
    if flag in now.status.flags:
        refuse(request.event, "flag.on", f"已{FLAG_WORDS[flag].zh}", f"{flag} is already set")
    if flag is Flag.SUSPEND_ADDRESS and now.status.subject is not SubjectState.SUSPENDED:
        refuse(request.event, "flag.suspend_address", "只适用于歇业期间", "only during a suspension")


def flag_can_be_lifted(now: Now, request: Request) -> None:
    """Only a remark that is set can be lifted."""
    flag = named_flag(request)
    if flag not in now.status.flags:
        refuse(request.event, "flag.off", f"未{FLAG_WORDS[flag].zh}", f"{flag} is not set")


def named_flag(request: Request) -> Flag:
    """The flag that FLAG_ON or FLAG_OFF names."""
    if request.flag is None:
        refuse(request.event, "flag.missing", "应指明一个标记", "exactly one flag must be named")
    return request.flag


def version_in_force(now: Now, request: Request) -> None:
    """Only the paper in force can be declared void (条例 art. 37)."""
    if now.status.version is not VersionState.CURRENT:
        refuse(request.event, "void.not_current", "执照已作废", "the licence is void already")


def version_number_left(now: Now, request: Request) -> None:
    """A version number has three digits (电子证照标识)."""
    if now.version >= MAX_VERSION:
        refuse(request.event, "version.limit", f"版本号已达 {MAX_VERSION}", f"version {MAX_VERSION} is the last one")


def no_live_branch(_now: Now, request: Request) -> None:
    """A subject is deregistered after its branches (条例 art. 32)."""
    if request.has_live_branch:
        refuse(request.event, "deregister.branch", "尚有未注销的分支机构", "it has a branch that is not deregistered")


def simple_procedure_open(now: Now, request: Request) -> None:
    """The simple procedure is closed to some, and open for some days only after its publication (条例 art. 33)."""
    if not request.simple:
        return
    if request.ordered_closed:
        refuse(request.event, "deregister.simple_closed", "被责令关闭的不适用简易注销", "ordered to close")
    if now.status.subject in (SubjectState.REVOKED, SubjectState.ANNULLED):
        refuse(request.event, "deregister.simple_revoked", "被吊销、撤销的不适用简易注销", "revoked or annulled")
    if Flag.ABNORMAL_LIST in now.status.flags:
        refuse(request.event, "deregister.simple_abnormal", "列入经营异常名录的不适用简易注销", "on the abnormal list")
    _simple_window(request)


def _simple_window(request: Request) -> None:
    """20 days of publication, then 20 days to apply; a household's notice stands 10 days, without a last day."""
    household = request.family is Family.HOUSEHOLD
    if request.published is None:
        refuse(
            request.event, "deregister.simple_unpublished", "简易注销须先公示（个体工商户：推送）", "not published yet"
        )
    days = (request.effective - request.published).days
    if days < (HOUSEHOLD_NOTICE if household else PUBLICATION):
        refuse(
            request.event, "deregister.simple_early", f"公示未满期（第 {days} 日）", f"day {days} of the publication"
        )
    if not household and days > PUBLICATION + APPLICATION:
        zh, en = f"公示期满后已逾 {APPLICATION} 日", f"more than {APPLICATION} days after the publication ended"
        refuse(request.event, "deregister.simple_late", zh, en)


def family_may_move(_now: Now | None, request: Request) -> None:
    """Households do not move between provinces, unless the node is configured so (川渝 practice)."""
    if request.family is None or FAMILIES[request.family].may_move or request.household_may_move:
        return
    zh = f"{FAMILIES[request.family].name.zh}不适用跨省迁移"
    refuse(request.event, "move.family", zh, f"{FAMILIES[request.family].name.en}: no move between provinces")


def arrival(now: Now | None, request: Request) -> Now:
    """A moved subject arrives active or suspended, with a new version of its licence (条例 art. 27).

    Returns:
        Where it stands on arrival. Coming back, it brings the suspensions that it had here before.
    """
    status, version = request.arriving, request.version
    if status is None or version is None:
        refuse(request.event, "move.arrival_missing", "应载明迁入时的状态与版本", "status and version are missing")
    last = 1 if now is None else now.version + 1  # coming back: the other authority made at least one version
    if not last < version <= MAX_VERSION:
        refuse(request.event, "move.version", f"版本号应大于 {last}", f"version {version} must be above {last}")
    suspended = status.subject is SubjectState.SUSPENDED
    if status.version is not VersionState.CURRENT or not (suspended or status.subject is SubjectState.ACTIVE):
        refuse(request.event, "move.status", "只能以存续或歇业状态迁入", "active or suspended, version current")
    before = request.suspended_before or (() if now is None else now.suspended_before)
    if suspended:
        _check_until(request, request.effective, before)
    elif request.until is not None or Flag.SUSPEND_ADDRESS in status.flags:
        refuse(request.event, "move.not_suspended", "未歇业而载有歇业事项", "marks of a suspension without one")
    return Now(
        status=status,
        version=version,
        effective=request.effective,
        until=request.until,
        suspended_since=request.effective if suspended else None,
        suspended_before=before,
        erased=frozenset() if now is None else now.erased,
    )


def erasable(now: Now, request: Request) -> None:
    """Disclosures of superseded versions may be destroyed; of the newest only after the licence has ended.

    While the subject lives, its newest credential must be there to be shown and verified, and data on a licence
    that is in force is public by law (条例 art. 35); after the end nobody presents it.
    """
    versions = set(request.versions)
    if not versions:
        refuse(request.event, "erase.none", "应指明要清除的版本", "no version is named")
    if min(versions) < 1 or max(versions) > now.version:
        refuse(request.event, "erase.unknown", "没有该版本", f"versions are 1..{now.version}")
    if versions & now.erased:
        refuse(request.event, "erase.twice", "该版本已清除", "a version was erased before")
    if now.version in versions and now.status.subject not in TERMINAL:
        refuse(
            request.event, "erase.current", "存续期间不得清除最新版本", "the newest version, while the subject lives"
        )


_OPTIONAL_FACTS: tuple[tuple[str, frozenset[Event], Text], ...] = (
    (
        "until",
        frozenset({Event.SUSPEND, Event.EXTEND_SUSPEND, Event.MOVE_ACCEPT}),
        Text("截止日", "a last day"),
    ),
    ("flag", frozenset({Event.FLAG_ON, Event.FLAG_OFF}), Text("标记", "a flag")),
    ("versions", frozenset({Event.ERASE}), Text("要清除的版本", "versions to erase")),
    ("simple", frozenset({Event.DEREGISTER}), Text("简易程序", "the simple procedure")),
    ("arriving", frozenset({Event.MOVE_ACCEPT}), Text("迁入状态", "an arriving status")),
    ("version", frozenset({Event.MOVE_ACCEPT}), Text("迁入版本", "an arriving version")),
    ("suspended_before", frozenset({Event.MOVE_ACCEPT}), Text("此前歇业", "earlier suspensions")),
)


def only_facts_of_event(request: Request) -> None:
    """A request brings no fact that its event has no use for: it would be lost without a word."""
    for name, events, text in _OPTIONAL_FACTS:
        if getattr(request, name) and request.event not in events:
            refuse(request.event, f"request.{name}", f"不应载有{text.zh}", f"{text.en} has no place here")
