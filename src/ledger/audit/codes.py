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
    "code.differs": Code(
        1, "链上登记合约的代码不是发布物的代码", "the code at the registry's address is not the artifact's"
    ),
    "directory.impossible": Code(
        2,
        "区块 {block}：成员 {member} 的事件不可能发生，{field} 为 {got}，要求 {want}",
        "block {block}: an event of member {member} cannot have happened: {field} is {got}, required {want}",
    ),
    "directory.view": Code(
        2,
        "合约所示成员 {member} 的 {field} 与事件重放的结果不符",
        "the contract shows another {field} of member {member} than its events add up to",
    ),
    "member.none": Code(2, "名录中没有日志 {got} 的成员", "the directory has no such member with the log {got}"),
    "vote.order": Code(
        2, "区块 {block}：{field} 为 {got}，应为 {want}", "block {block}: {field} is {got}, expected {want}"
    ),
    "vote.voter": Code(
        2,
        "区块 {block}：成员 {member} 对 {field} 的表决无效：{got}，要求 {want}",
        "block {block}: the vote of member {member} on {field} is void: {got}, required {want}",
    ),
    "vote.expired": Code(
        2, "区块 {block}：{field} 已过期", "block {block}: {field} had expired ({got}, it was open {want})"
    ),
    "vote.short": Code(
        2,
        "区块 {block}：{field} 未过半数即执行（{want} 名有权成员中 {got} 票）",
        "block {block}: {field} was carried out with {got} votes of {want} eligible members",
    ),
    "vote.tally": Code(
        2,
        "区块 {block}：{field} 记载的票数为 {got}，重放为 {want}",
        "block {block}: {field} says {got} votes, the replay {want}",
    ),
    "vote.unbacked": Code(
        2,
        "区块 {block}：成员 {member} 的 {field} 没有获通过的提案作依据",
        "block {block}: {field} of member {member} is backed by no proposal that was carried out",
    ),
    "vote.no_effect": Code(
        2,
        "区块 {block}：针对成员 {member} 的提案已执行，却无相应结果（{field}）",
        "block {block}: a proposal about member {member} was carried out without effect ({field})",
    ),
    "admin.unoffered": Code(
        2,
        "区块 {block}：成员 {member} 的管理账户变更既无要约也无表决",
        "block {block}: the admin of member {member} changed without offer or vote",
    ),
    "key.id": Code(
        2,
        "区块 {block}：成员 {member} 的密钥标识与公钥不符",
        "block {block}: a key id of member {member} is not its key's",
    ),
    "anchor.suspended": Code(
        3, "成员 {member} 在中止期间锚定（序号 {anchor}）", "member {member} anchored while suspended (anchor {anchor})"
    ),
    "anchor.seq": Code(
        3, "成员 {member} 的锚定序号为 {got}，应为 {want}", "member {member} anchored number {got}, expected {want}"
    ),
    "anchor.epoch": Code(
        3,
        "成员 {member} 锚定 {anchor} 的纪元为 {got}，应为 {want}",
        "member {member}, anchor {anchor}: epoch {got}, expected {want}",
    ),
    "anchor.size": Code(
        3,
        "成员 {member} 锚定 {anchor} 的条数为 {got}，应 {want}",
        "member {member}, anchor {anchor}: size {got}, required {want}",
    ),
    "anchor.digest": Code(
        3,
        "成员 {member} 锚定 {anchor} 的摘要链与合约所存不符",
        "member {member}, anchor {anchor}: the digest on record is not the one of the chain of anchors",
    ),
    "anchor.head": Code(
        3,
        "合约所示成员 {member} 的链头 {field} 与事件重放的结果不符",
        "the contract shows another {field} of member {member}'s head than its events add up to",
    ),
    "anchor.sender": Code(
        3,
        "成员 {member} 的锚定 {anchor} 不是由当时的锚定账户发送",
        "member {member}, anchor {anchor}: sent by {got}, the anchorer then was {want}",
    ),
    "anchor.transaction": Code(
        3,
        "链节点找不到成员 {member} 锚定 {anchor} 的交易",
        "member {member}, anchor {anchor}: the node does not know its transaction",
    ),
    "anchor.indirect": Code(
        3,
        "成员 {member} 的锚定 {anchor} 经由另一合约发送，发送者由合约核验",
        "member {member}, anchor {anchor}: sent through another contract; who called is the contract's check alone",
        notice=True,
    ),
    "anchor.disown": Code(
        3,
        "成员 {member} 自锚定 {anchor} 起的否认与记录不符：{got}，应为 {want}",
        "member {member}: disowning from anchor {anchor} does not fit the record: {got}, expected {want}",
    ),
    "anchor.adopt": Code(
        3,
        "成员 {member} 已有锚定，不能承接另一登记簿的日志",
        "member {member} adopted a log although it had anchors here",
    ),
    "anchor.witness": Code(
        3,
        "成员 {member} 锚定 {anchor} 的见证无效：{got}",
        "member {member}, anchor {anchor}: the witness is void: {got}",
    ),
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
    "time.ahead": Code(
        6,
        "第 {entry} 条的记录时间 {got} 晚于其锚定 {anchor} 所在区块，两个时钟必有一误",
        "entry {entry} says it was recorded at {got}, after the block of anchor {anchor}: one of the clocks is wrong",
        notice=True,
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
    "row.entry": Code(
        9, "第 {entry} 条在数据库中的 {field} 与条目不符", "entry {entry}: the database's {field} is not the entry's"
    ),
    "row.missing": Code(9, "数据库缺少行：{field}", "a row is missing in the database: {field}"),
    "row.extra": Code(9, "数据库多出行：{field}，没有条目与之对应", "a row that no entry calls for: {field}"),
    "row.license": Code(
        9,
        "执照行的 {field} 与日志、凭证不符",
        "the licence's row: {field} is not what entry and credential say",
    ),
    "row.version": Code(
        9,
        "第 {version} 版的 {field} 与条目、凭证不符",
        "version {version}: {field} is not what entry and credential say",
    ),
    "row.record": Code(
        9,
        "第 {version} 版记录的 {field} 与已签名的凭证不符",
        "version {version}: {field} of the record is not the one in the signed credential",
    ),
    "row.disclosure": Code(
        9,
        "第 {version} 版 {field} 的披露（盐或值）与已签名的凭证不符",
        "version {version}: the disclosure of {field} (salt or value) is not in the signed credential",
    ),
    "row.commitment": Code(
        9,
        "第 {version} 版所附理由与条目的承诺不符",
        "the reasons kept for an entry at version {version} are not what it commits to",
    ),
    "row.not_erased": Code(
        9,
        "日志载明第 {version} 版已清除，数据库仍留有 {field}",
        "the log says that version {version} was erased, the database still holds {field}",
    ),
    "row.checkpoint": Code(
        9, "检查点行 {field} 与条目算出的不符", "the row of a checkpoint, {field}, is not what the entries give"
    ),
    "row.tile": Code(9, "瓦片 {field} 的长度为 {got}，应为 {want}", "tile {field} has {got} bytes, expected {want}"),
    "row.page": Code(
        9,
        "状态映射页 {field}（条数 {got}）与条目算出的不符",
        "the state map's page {field} at size {got} is not what the entries give",
    ),
    "row.anchor": Code(
        9,
        "数据库中锚定 {anchor} 的 {field} 与链上不符",
        "the database's {field} of anchor {anchor} is not the chain's",
    ),
    "row.unseen": Code(
        9,
        "链上锚定 {anchor} 尚未记入数据库，节点启动时会补记",
        "anchor {anchor} is on the chain, not yet in the database; the node catches up when it starts",
        notice=True,
    ),
}
