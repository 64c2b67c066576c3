"""The words of the three axes and of the events, Chinese first and English second, for screens and errors.

What it leaves out: the labels on a licence's face (``families``).
"""

from __future__ import annotations

from typing import NamedTuple

from ledger.license.status import Event, Flag, SubjectState, VersionState


class Text(NamedTuple):
    """A text on screen or paper: Chinese first, English second."""

    zh: str
    en: str


SUBJECT_WORDS: dict[SubjectState, Text] = {
    SubjectState.ACTIVE: Text("存续", "active"),
    SubjectState.SUSPENDED: Text("歇业", "suspended, the licence stays valid"),
    SubjectState.MOVING: Text("迁移中", "moving to another authority"),
    SubjectState.MOVED: Text("迁出", "moved out"),
    SubjectState.LIQUIDATING: Text("清算", "in liquidation"),
    SubjectState.REVOKED: Text("吊销未注销", "revoked, not yet deregistered"),
    SubjectState.ANNULLED: Text("撤销", "annulled"),
    SubjectState.DEREGISTERED: Text("注销", "deregistered"),
}

VERSION_WORDS: dict[VersionState, Text] = {
    VersionState.CURRENT: Text("现行", "current"),
    VersionState.SUPERSEDED: Text("已换发", "superseded"),
    VersionState.VOIDED: Text("已作废", "voided"),
}

FLAG_WORDS: dict[Flag, Text] = {
    Flag.ABNORMAL_LIST: Text("列入经营异常名录", "on the list of abnormal operations"),
    Flag.SERIOUS_ILLEGAL: Text("列入严重违法失信名单", "on the list of serious violations"),
    Flag.SUSPEND_ADDRESS: Text("以法律文书送达地址代替住所", "service address in place of the domicile"),
}

EVENT_WORDS: dict[Event, Text] = {
    Event.ESTABLISH: Text("设立登记", "establishment"),
    Event.IMPORT_LEGACY: Text("存量导入", "import of an existing licence"),
    Event.CHANGE: Text("变更登记", "change"),
    Event.REISSUE: Text("补领换发", "reissue"),
    Event.CORRECT: Text("勘误", "correction"),
    Event.FILE: Text("备案", "filing"),
    Event.VOID: Text("声明作废", "declared void"),
    Event.SUSPEND: Text("歇业备案", "suspension"),
    Event.EXTEND_SUSPEND: Text("延长歇业", "extension of the suspension"),
    Event.RESUME: Text("恢复营业", "resumption"),
    Event.FLAG_ON: Text("列入公示标记", "public remark set"),
    Event.FLAG_OFF: Text("移出公示标记", "public remark lifted"),
    Event.LIQUIDATE: Text("进入清算", "start of liquidation"),
    Event.DEREGISTER: Text("注销登记", "deregistration"),
    Event.RESTORE: Text("撤销注销", "restoration"),
    Event.REVOKE: Text("吊销执照", "revocation"),
    Event.ANNUL: Text("撤销登记", "annulment"),
    Event.ANNUL_PARTIAL: Text("部分撤销", "partial annulment"),
    Event.ANNUL_REVERSE: Text("撤销决定被撤销", "reversal of the annulment"),
    Event.MOVE_OFFER: Text("迁出申请", "offer to move"),
    Event.MOVE_CANCEL: Text("取消迁出", "move cancelled"),
    Event.MOVE_OUT: Text("迁出", "moved out"),
    Event.MOVE_ACCEPT: Text("迁入", "moved in"),
    Event.ERASE: Text("清除明文", "erasure of disclosures"),
}

NO_HISTORY = Text("尚未登记", "no history here")
"""The state before a subject's first event in a log."""
