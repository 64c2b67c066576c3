"""Every finding's code: the step that makes it, how grave it is, and its sentence in two languages.

One table, so that the report, ``docs/audit.md`` and the tests name the same things. ``{…}`` stand for the
finding's own values; a sentence never contains a personal value.
"""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """One kind of finding."""

    step: int
    zh: str
    en: str
    notice: bool = False


CODES: dict[str, Code] = {
    "entry.missing": Code(4, "第 {entry} 条日志条目缺失", "log entry {entry} is missing"),
    "entry.extra": Code(4, "检查点之外多出第 {entry} 条日志条目", "log entry {entry} is beyond the checkpoint"),
    "tile.missing": Code(4, "缺少日志瓦片 {field}", "log tile {field} is missing"),
    "tile.hash": Code(
        4, "瓦片 {field} 中第 {entry} 条的叶哈希与条目不符", "in tile {field} the leaf hash of entry {entry} is another"
    ),
    "tile.node": Code(4, "瓦片 {field} 与条目算出的哈希不符", "tile {field} holds other hashes than the entries give"),
    "log.short": Code(
        4,
        "日志只有 {got} 条，锚定序号 {anchor} 声明 {want} 条",
        "the log has {got} entries, anchor {anchor} says {want}",
    ),
    "log.root": Code(
        4,
        "锚定序号 {anchor} 的日志根与条目算出的不符（问题在第 {entry} 条或其后）",
        "the log root of anchor {anchor} is not the one of the entries (the fault is at entry {entry} or after)",
    ),
    "checkpoint.missing": Code(4, "没有检查点", "there is no checkpoint"),
    "checkpoint.format": Code(4, "检查点格式错误：{got}", "the checkpoint is malformed: {got}"),
    "checkpoint.origin": Code(4, "检查点属于另一日志", "the checkpoint is of another log"),
    "checkpoint.size": Code(
        4, "检查点声明 {got} 条，日志有 {want} 条", "the checkpoint says {got} entries, the log has {want}"
    ),
    "checkpoint.root": Code(
        4, "检查点的日志根与条目算出的不符", "the checkpoint's log root is not the one of the entries"
    ),
    "checkpoint.signature": Code(
        4,
        "检查点没有该成员检查点密钥的有效签名",
        "the checkpoint has no valid signature by a checkpoint key of the member",
    ),
    "state.root": Code(
        5,
        "锚定序号 {anchor} 的状态根与条目算出的不符（第 {entry} 条或其后）",
        "the state root of anchor {anchor} is not the one of the entries (from entry {entry} on)",
    ),
    "entry.malformed": Code(6, "第 {entry} 条不是合法条目：{got}", "entry {entry} breaks the grammar: {got}"),
    "entry.unknown": Code(
        6,
        "第 {entry} 条为未知类型，只计入哈希，不作解释",
        "entry {entry} is of an unknown kind: hashed, not interpreted",
        notice=True,
    ),
    "entry.log": Code(6, "第 {entry} 条属于另一日志", "entry {entry} is bound to another log"),
    "link.n": Code(6, "第 {entry} 条的序号 n 为 {got}，应为 {want}", "entry {entry} has n = {got}, expected {want}"),
    "link.prev": Code(
        6, "第 {entry} 条的 prev 不指向该主体的上一条", "entry {entry}: prev is not the subject's previous entry"
    ),
    "time.order": Code(
        6,
        "第 {entry} 条的记录时间 {got} 早于该主体上一条的 {want}",
        "entry {entry} was recorded at {got}, before the subject's previous entry at {want}",
    ),
    "time.effective": Code(
        6,
        "第 {entry} 条的生效日期 {got} 晚于记录日期 {want}",
        "entry {entry} takes effect on {got}, after the day it was recorded ({want})",
    ),
    "time.range": Code(
        6,
        "第 {entry} 条的日期 {got} 不在 {want} 之内",
        "entry {entry}: the dates {got} are not within {want}",
    ),
    "time.effective_order": Code(
        6,
        "第 {entry} 条的生效日期 {got} 早于该主体此前的 {want}",
        "entry {entry} takes effect on {got}, before the subject's earlier events ({want})",
    ),
    "authority.province": Code(
        6,
        "第 {entry} 条由 {got} 的机关作出，不在本成员 {want} 省内",
        "entry {entry} was decided in division {got}, outside the province of member {want}",
    ),
    "transition.event": Code(
        6,
        "第 {entry} 条的事件 {got} 不能发生在状态 {want} 之后",
        "entry {entry}: {got} may not follow the status {want}",
    ),
    "transition.guard": Code(
        6,
        "第 {entry} 条不满足该事件的条件：{field} 为 {got}，要求 {want}",
        "entry {entry} does not meet a condition of its event: {field} is {got}, required {want}",
    ),
    "transition.status": Code(
        6,
        "第 {entry} 条写明的 {field} 为 {got}，按事件应为 {want}",
        "entry {entry} states {field} = {got}; after that event it is {want}",
    ),
    "transition.version": Code(
        6, "第 {entry} 条的版本号为 {got}，应为 {want}", "entry {entry} has version {got}, expected {want}"
    ),
    "transition.digest": Code(
        6,
        "第 {entry} 条的凭证摘要与事件不符（{want}）",
        "entry {entry}: the credential digest does not fit the event ({want})",
    ),
}
