"""Every sentence that the command line prints, in Simplified Chinese and English.

What it leaves out: the sentences of verdicts (``ledger.verdicts``), of broken rules (the error carries both) and of
audit findings (``ledger.audit``): those belong to what they explain.
"""

from __future__ import annotations

from typing import Any

LANGUAGES = ("both", "zh", "en")

TEXTS: dict[str, tuple[str, str]] = {
    # columns
    "column.field": ("项目", "field"),
    "column.value": ("内容", "value"),
    "column.n": ("序", "n"),
    "column.event": ("事项", "event"),
    "column.version": ("版本", "version"),
    "column.status": ("状态", "status"),
    "column.effective": ("生效日期", "effective"),
    "column.chain": ("上链", "chain"),
    "column.uscc": ("统一社会信用代码", "credit code"),
    "column.name": ("名称", "name"),
    "column.member": ("成员", "member"),
    "column.size": ("条目", "entries"),
    "column.seq": ("锚定", "anchor"),
    "column.epoch": ("纪元", "epoch"),
    "column.endpoint": ("地址", "endpoint"),
    "column.keys": ("密钥", "keys"),
    "column.id": ("编号", "id"),
    "column.purpose": ("用途", "purpose"),
    "column.added": ("登记区块", "added in block"),
    "column.standing": ("效力", "standing"),
    "column.action": ("事项", "action"),
    "column.target": ("对象", "target"),
    "column.votes": ("赞成", "approvals"),
    "column.expires": ("截止", "expires"),
    "column.question": ("核验项", "question"),
    "column.verdict": ("结论", "verdict"),
    "column.reason": ("说明", "reason"),
    # states
    "subject.active": ("存续", "active"),
    "subject.suspended": ("歇业", "suspended"),
    "subject.moving": ("迁移中", "moving"),
    "subject.moved": ("已迁出", "moved"),
    "subject.liquidating": ("清算中", "liquidating"),
    "subject.revoked": ("已吊销", "revoked"),
    "subject.annulled": ("已撤销", "annulled"),
    "subject.deregistered": ("已注销", "deregistered"),
    "version.superseded": ("此版已被取代", "this version is superseded"),
    "version.voided": ("此版已作废", "this version is void"),
    "flag.ABNORMAL_LIST": ("经营异常名录", "on the list of abnormal operations"),
    "flag.SERIOUS_ILLEGAL": ("严重违法失信", "on the list of serious violations"),
    "flag.SUSPEND_ADDRESS": ("歇业送达地址", "service address during suspension"),
    "status.until": ("至 {until}", "until {until}"),
    "chain.anchored": ("已上链", "anchored"),
    "chain.pending": ("待上链", "not anchored yet"),
    # issuing
    "issued.done": (
        "[green]✔[/] {zh}  {uscc}  现为第 {version} 版，第 {n} 条",
        "{event} entered: version {version}, entry {n} of this licence",
    ),
    "issued.replayed": (
        "[yellow]=[/] {zh}  {uscc} 此前已办理（幂等键相同），未重复办理",
        "entered before under this key; nothing was done twice",
    ),
    "issued.erased": ("  已销毁第 {versions} 版的披露与盐值", "disclosures of version {versions} destroyed"),
    "issued.identifier": ("证照标识 {identifier}", "licence identifier"),
    "issued.pending": ("  待上链：用 `tongban sync` 入日志并上链", "not anchored yet: run `tongban sync`"),
    "import.progress": ("导入", "importing"),
    "import.done": (
        "[green]✔[/] 读 {rows} 行：新签发 {issued}，此前已导入 {known}，退回 {refused}",
        "{rows} rows read: {issued} issued, {known} known already, {refused} refused",
    ),
    "import.errors": ("  退回的行及原因：{path}", "refused rows with their reasons: {path}"),
    # showing
    "show.title": ("证照 {uscc}", "licence {uscc}"),
    "history.title": ("证照 {uscc} 的经过", "history of {uscc}"),
    "search.title": ("查找结果", "found"),
    "face.status": ("状态", "status"),
    "face.version": ("版本与证照标识", "version and identifier"),
    "face.chain": ("上链", "chain"),
    "face.record": ("登记事项", "particulars"),
    "face.erased": ("已依法销毁", "erased"),
    "item.uscc": ("统一社会信用代码", "credit code"),
    "item.name": ("名称", "name"),
    "item.subject_type_label": ("类型", "type"),
    "item.composition": ("组成形式", "form"),
    "item.heads": ("法定代表人等", "head"),
    "item.capital_amount": ("注册资本", "capital"),
    "item.establishment_date": ("成立日期", "established"),
    "item.premises": ("住所", "premises"),
    "item.scope_text": ("经营范围", "scope"),
    "item.term_from": ("期限", "term"),
    "item.authority": ("登记机关", "authority"),
    "item.issue_date": ("发照日期", "issued"),
    "item.forever": ("长期", "unlimited"),
    "item.cert_identifier": ("证照标识", "identifier"),
    "item.version": ("版本", "version"),
    # sync and status
    "sync.logged": ("入日志 {entries} 条，日志共 {size} 条", "{entries} entries logged; the log has {size}"),
    "sync.nothing": ("没有需要上链的内容", "nothing to anchor"),
    "sync.anchored": (
        "[green]✔[/] 已上链：第 {seq} 次锚定，覆盖 {size} 条，区块 {block}",
        "anchored: anchor {seq} covers {size} entries, block {block}",
    ),
    "state.title": ("节点 {member}（日志 {log}）", "node of member {member}"),
    "state.entries": ("日志条目", "entries in the log"),
    "state.pending": ("待入日志", "waiting to be logged"),
    "state.licenses": ("证照主体", "licences"),
    "state.checkpoint": ("最新检查点", "newest checkpoint"),
    "state.anchored": ("已终局锚定", "anchored, final"),
    "state.unfinal": ("锚定未终局", "anchored, not final yet"),
    "state.guard": ("停止签发的原因", "why issuing is stopped"),
    # set-up
    "init.done": ("[green]✔[/] 已建立节点 {member}：{data}", "node of member {member} made in {data}"),
    "init.log": ("  日志 {log}", "log id"),
    "init.embedded": ("  演示链 {path}（链号 {chain_id}）", "embedded demonstration chain, id {chain_id}"),
    "init.log.short": ("日志", "log"),
    "init.registry": ("  登记合约 0x{registry}", "registry contract"),
    "init.founder": (
        "  公开资料 {path}：交给发起合约的一方，或由成员 `tongban propose admit` 提议接纳",
        "public description: give it to whoever deploys the registry, or have a member propose to admit it",
    ),
    "init.passphrase": (
        "  私钥以口令加密存于 {path}",
        "private keys are there, encrypted under your passphrase",
    ),
    "keys.title": ("成员 {member} 的密钥", "keys of member {member}"),
    "keys.published": ("[green]✔[/] 已登记密钥 {count} 个", "{count} keys published in the directory"),
    "keys.rotated": ("[green]✔[/] {purpose} 密钥已换为第 {generation} 代", "now using generation {generation}"),
    "keys.revoked": ("[green]✔[/] 密钥 {id}… 已停用", "key revoked"),
    "keys.compromised": (
        "[green]✔[/] 密钥 {id}… 自第 {size} 条起不予采信",
        "entries from {size} on are disbelieved",
    ),
    "members.title": ("联盟成员（截至区块 {block}）", "members as of block {block}"),
    "proposals.title": ("表决", "votes"),
    "propose.done": ("[green]✔[/] 已提议第 {id} 号：{zh} {target}", "proposal {id}: {action} {target}"),
    "approve.done": ("[green]✔[/] 已赞成第 {id} 号", "proposal {id} approved"),
    "withdraw.done": ("[green]✔[/] 已撤回对第 {id} 号的赞成", "approval of {id} withdrawn"),
    "executed.done": ("[green]✔[/] 第 {id} 号已通过并执行", "proposal {id} carried and executed"),
    "executed.short": ("  第 {id} 号尚需更多成员赞成", "proposal {id} needs more approvals"),
    "chain.serving": (
        "演示链 {path} 在 {url} 提供 JSON-RPC（链号 {chain_id}）；Ctrl-C 停止",
        "serving the embedded chain as JSON-RPC; Ctrl-C stops it",
    ),
    "chain.deployed": ("[green]✔[/] 已部署登记合约 0x{registry}", "registry deployed, chain id {chain_id}"),
    "chain.title": ("链", "chain"),
    "chain.where": ("位置", "where"),
    "chain.kind": ("性质", "kind"),
    "chain.embedded": ("演示链", "embedded demonstration chain"),
    "chain.outside": ("外部链", "outside chain"),
    "chain.chain_id": ("链号", "chain id"),
    "chain.genesis": ("创世区块", "genesis block"),
    "chain.registry": ("登记合约", "registry contract"),
    "chain.block": ("终局区块", "final block"),
    "chain.time": ("区块时间", "its time"),
    # the consortium's words
    "purpose.credential": ("签发证照", "credential"),
    "purpose.exchange": ("省际交换", "exchange"),
    "purpose.checkpoint": ("检查点", "checkpoint"),
    "action.admit": ("接纳", "admit"),
    "action.suspend": ("暂停", "suspend"),
    "action.reinstate": ("恢复", "reinstate"),
    "action.replace_admin": ("更换管理地址", "replace-admin"),
    "action.disown": ("撤回锚定", "disown"),
    "action.adopt": ("承接日志", "adopt"),
    "standing.active": ("✔ 有效", "active"),
    "standing.suspended": ("✘ 已暂停", "suspended"),
    "standing.executed": ("✔ 已执行", "executed"),
    "standing.open": ("… 表决中", "open"),
    "standing.in_force": ("✔ 有效", "in force"),
    "standing.revoked": ("自区块 {block} 停用", "revoked in block {block}"),
    "standing.compromised": ("自第 {size} 条起不予采信", "disowned from entry {size}"),
    # proofs
    "bundle.written": ("[green]✔[/] 已写入 {path}", "proof bundle written"),
    "tiles.written": ("[green]✔[/] 已写出日志瓦片 {count} 个文件：{path}", "{count} files of the log written"),
    "verify.title": ("核验结果", "what was verified"),
    "verify.as_of": (
        "以第 {seq} 次锚定为准（区块 {block}，{time}，{chain}）",
        "as of anchor {seq}",
    ),
    "verify.basis.issuer": (
        "状态依据：签发省自述（issuer）",
        "status rests on: issuer, its word alone",
    ),
    "verify.basis.witnessed": (
        "状态依据：{count} 个其他成员重放见证（witnessed:{count}）",
        "status rests on: witnessed:{count}, a replay by others",
    ),
    "verify.basis.replayed": ("状态依据：本机重放（replayed）", "status rests on: replayed, by this verifier"),
    "verify.basis.none": ("状态依据：—", "status rests on: —"),
    "verify.unpinned": (
        "  成员密钥未能记住（{path} 不可写），下次仍按首次使用",
        "the members' keys could not be kept in {path}: the next time is first use again",
    ),
    "verify.face": ("所示内容", "what the licence shows"),
    "verify.pinned": ("  首次使用：已记住该联盟的成员密钥（{path}）", "first use: the members' keys are pinned"),
    "verify.unshown": (
        "  完整性未成立，所示内容不可信，故不显示",
        "integrity does not hold: what it claims is not shown",
    ),
    "verdict.ok": ("[green]✔ 通过[/]", "[green]ok[/]"),
    "verdict.failed": ("[red]✘ 不通过[/]", "[red]failed[/]"),
    "verdict.unknown": ("[yellow]? 无法判断[/]", "[yellow]unknown[/]"),
    "question.integrity": ("完整性", "integrity"),
    "question.issuer": ("签发者", "issuer"),
    "question.logged": ("已入日志", "logged"),
    "question.anchored": ("已上链", "anchored"),
    "question.status": ("当前状态", "status"),
    "question.freshness": ("时效", "freshness"),
    "question.integrity.short": ("完整", "integrity"),
    "question.issuer.short": ("签发", "issuer"),
    "question.logged.short": ("日志", "logged"),
    "question.anchored.short": ("上链", "anchored"),
    "question.status.short": ("状态", "status"),
    "question.freshness.short": ("时效", "freshness"),
    "trust.written": ("[green]✔[/] 信任文件已写入 {path}", "trust file written"),
    "trust.cosigned": ("[green]✔[/] 已核对并联署 {path}", "checked against our chain and co-signed"),
    "trust.pinned": ("[green]✔[/] 已记住成员密钥：{path}", "members' keys pinned"),
    "trust.title": ("信任文件（区块 {block}，{time}）", "trust file"),
    "trust.signers": ("签名成员：{signers}", "signed by members"),
    # audit
    "audit.progress": ("审计", "auditing"),
}
"""Key → (Chinese, English). Values in braces are filled in; square brackets are Rich markup."""

ENGLISH_ALONE: dict[str, str] = {
    "issued.done": "[green]✔[/] {event} of {uscc} entered: version {version}, entry {n} of this licence",
    "issued.replayed": "[yellow]=[/] {event} of {uscc} was entered before under this key; nothing was done twice",
    "issued.identifier": "licence identifier {identifier}",
    "state.title": "node of member {member} (log {log})",
    "init.log": "  log id {log}",
    "init.embedded": "  embedded demonstration chain {path}, id {chain_id}",
    "init.registry": "  registry contract 0x{registry}",
    "init.founder": (
        "  public description {path}: give it to whoever deploys the registry, or have a member propose to admit it"
        " (`tongban propose admit`)"
    ),
    "init.passphrase": "  private keys are in {path}, encrypted under your passphrase",
    "keys.rotated": "[green]✔[/] {purpose} key: now using generation {generation}",
    "keys.revoked": "[green]✔[/] key {id}… revoked",
    "keys.compromised": "[green]✔[/] key {id}…: entries from {size} on are disbelieved",
    "chain.serving": "serving {path} as JSON-RPC at {url} (chain id {chain_id}); Ctrl-C stops it",
    "chain.deployed": "[green]✔[/] registry 0x{registry} deployed, chain id {chain_id}",
    "bundle.written": "[green]✔[/] proof bundle written: {path}",
    "tiles.written": "[green]✔[/] {count} files of the log written: {path}",
    "verify.as_of": "as of anchor {seq} (block {block}, {time}, {chain})",
    "verify.pinned": "  first use: the members' keys are pinned ({path})",
    "trust.written": "[green]✔[/] trust file written: {path}",
    "trust.cosigned": "[green]✔[/] checked against our chain and co-signed: {path}",
    "trust.pinned": "[green]✔[/] members' keys pinned: {path}",
    "trust.title": "trust file (block {block}, {time})",
    "trust.signers": "signed by members: {signers}",
}
"""English where nothing Chinese stands beside it and shows the values."""


def text(key: str, lang: str, **values: Any) -> str:
    """A sentence in one language, or Chinese and then English.

    Args:
        key: of :data:`TEXTS`.
        lang: ``both``, ``zh`` or ``en``.
        values: what stands in the braces; beside a Chinese sentence the English one need not repeat what it shows.
    """
    zh, en = TEXTS[key]
    template = {"zh": zh, "en": ENGLISH_ALONE.get(key, en)}.get(lang, f"{zh}  [dim]{en}[/]")
    return template.format(**values)
