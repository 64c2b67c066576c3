"""The six verdicts on a bundle, their stable reasons, and the report that holds them.

A verdict is ``ok``, ``failed`` or ``unknown`` and has one reason: a stable code for programs and a sentence in
Chinese and English for people. The six are never merged into one: unknown is not revoked is not forged.

What it leaves out: how a verdict is reached (``ledger.bundle.argument``), and how a report is laid out on a screen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from ledger.encoding import timestamp
from ledger.license.status import Flag
from ledger.license.words import FLAG_WORDS


class Answer(StrEnum):
    """How a question about a bundle is answered."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


NAMES = ("integrity", "issuer", "logged", "anchored", "status", "freshness")
"""The six questions, in the order in which people read them."""

_OK, _FAILED, _UNKNOWN = Answer.OK, Answer.FAILED, Answer.UNKNOWN

REASONS: Mapping[str, tuple[Answer | None, str, str]] = {
    # any verdict; None: the answer depends on the place and is given by the caller
    "malformed": (_FAILED, "文件格式不合规：{detail}", "the file is not a well-formed bundle: {detail}"),
    "no-trust-file": (_UNKNOWN, "没有提供信任文件，无从核对", "no trust file was given to check against"),
    "trust-refused": (None, "信任文件不可信：{detail}", "the trust file is refused: {detail}"),
    "member-unknown": (_UNKNOWN, "信任文件中没有成员 {member}", "the trust file does not list member {member}"),
    "needs-logged": (_UNKNOWN, "须先证明已入日志", "cannot be told before the log's proofs hold"),
    "needs-anchored": (_UNKNOWN, "须先证明已上链", "cannot be told before the anchor is confirmed"),
    "needs-parse": (_UNKNOWN, "文件无法读取，未作核对", "the file could not be read, so this was not checked"),
    "key-unknown": (None, "信任文件中没有密钥 {key}…", "key {key}… is not in the trust file"),
    # integrity
    "intact": (_OK, "签名有效，所示内容未被改动", "the signature is valid and nothing shown was changed"),
    "no-credential": (_OK, "本文件不含证照正文，无需核对", "this bundle holds no credential: nothing to check"),
    "disclosure-mismatch": (_FAILED, "所示内容与签名不符（内容被改动）", "what is shown is not what was signed"),
    "digest-mismatch": (_FAILED, "证照与日志记载的不是同一份", "the credential is not the one in the log entry"),
    "claims-mismatch": (_FAILED, "证照内容与日志记载不符：{detail}", "the credential contradicts the entry: {detail}"),
    "signature-invalid": (_FAILED, "签名无效", "the signature does not verify"),
    # issuer
    "entitled": (_OK, "签发机关与密钥当时均有权限", "member and key were entitled when it was issued"),
    "key-purpose": (_FAILED, "密钥并非用于签发证照", "the key is not meant for credentials"),
    "key-disowned": (
        _FAILED,
        "密钥已失窃，此条在停信界限之后，不予采信",
        "disowned: made with a key reported stolen before",
    ),
    "key-not-entitled": (_FAILED, "密钥在该条目处未生效或已停用", "the key was not in force at this entry"),
    "member-suspended": (_FAILED, "成员当时被暂停资格", "the member was suspended or not yet admitted then"),
    "authority-outside": (_FAILED, "登记机关不在该省辖区", "the authority is not inside the member's province"),
    # logged
    "logged": (_OK, "已记入日志，证明成立", "the entries are in the log"),
    "wrong-log": (_FAILED, "条目属于另一个日志", "the entries belong to another log"),
    "not-included": (_FAILED, "入日志证明不成立：{detail}", "an inclusion proof does not hold: {detail}"),
    "entries-incoherent": (_FAILED, "前后条目不连贯：{detail}", "the entries do not fit together: {detail}"),
    "checkpoint-differs": (_FAILED, "检查点与锚定记录不符", "the checkpoint is not of the anchor's size and root"),
    "checkpoint-invalid": (_FAILED, "检查点签名无效：{detail}", "the checkpoint's signature does not hold: {detail}"),
    "checkpoint-key": (_FAILED, "检查点密钥当时无权限", "the checkpoint's key was not entitled at that size"),
    # anchored
    "anchored": (_OK, "已上链并终局确认", "anchored on the chain, final"),
    "anchored-embedded": (
        _OK,
        "已锚定于演示链（单机，不具外部公信力）",
        "anchored on an embedded demonstration chain (演示链)",
    ),
    "anchor-differs": (_FAILED, "与链上锚定记录不符", "the chain has another anchor there"),
    "anchor-disowned": (_FAILED, "该锚定记录已被表决撤回", "the anchor was taken back by vote"),
    "trust-older": (
        _UNKNOWN,
        "信任文件早于本文件，请更新信任文件",
        "the trust file is older than the bundle: renew it",
    ),
    "anchor-unlisted": (_UNKNOWN, "信任文件不含此锚定记录", "the trust file does not reach back to that anchor"),
    # status
    "active": (_OK, "存续", "active"),
    "flagged": (_OK, "存续，但有公示标记", "active, with public remarks"),
    "suspended": (_OK, "歇业（证照有效）", "suspended: the licence stays valid"),
    "moving": (_OK, "迁移办理中（证照有效）", "moving to another province: still valid"),
    "liquidating": (_OK, "清算中", "in liquidation"),
    "never-issued": (_OK, "本省日志中从未签发", "never issued in this log"),
    "superseded": (_FAILED, "已被新版本取代", "superseded by a newer version"),
    "voided": (_FAILED, "证照已声明作废", "this licence document was declared void"),
    "moved": (_FAILED, "已迁出", "moved to another province"),
    "revoked": (_FAILED, "已吊销", "revoked"),
    "annulled": (_FAILED, "登记已撤销", "the registration was annulled"),
    "deregistered": (_FAILED, "已注销", "deregistered"),
    "state-proof": (_FAILED, "状态证明不成立：{detail}", "the state proof does not hold: {detail}"),
    "basis-too-low": (_UNKNOWN, "状态依据为 {basis}，低于要求的 {wanted}", "rests on {basis}; {wanted} was asked for"),
    # freshness
    "fresh": (_OK, "证明足够新（{age}）", "fresh enough ({age} old)"),
    "stale": (_FAILED, "证明过旧（{age}，上限 {limit}）", "too old ({age}; at most {limit})"),
    "from-the-future": (_UNKNOWN, "锚定时间晚于本机时钟，请校时", "anchored after this clock's time: set the clock"),
}
"""Every reason: the answer that it means, the sentence in Chinese and in English."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer with its reason."""

    verdict: Answer
    reason: str
    zh: str
    en: str

    @property
    def ok(self) -> bool:
        """Whether what depends on it may be looked at."""
        return self.verdict is Answer.OK

    def to_json(self) -> dict[str, Any]:
        """The object of ``tongban verify --json``."""
        return {"verdict": self.verdict.value, "reason": self.reason, "zh": self.zh, "en": self.en}


def verdict(reason: str, answer: Answer | None = None, **details: object) -> Verdict:
    """The verdict that a reason means.

    Args:
        reason: a key of :data:`REASONS`.
        answer: needed where the reason alone does not decide it.
        details: what the sentences name.
    """
    fixed, zh, en = REASONS[reason]
    return Verdict(answer or fixed or Answer.UNKNOWN, reason, zh.format(**details), en.format(**details))


@dataclass(frozen=True, slots=True)
class Word:
    """One thing that is said of a licence's status: a code, Chinese, English."""

    code: str
    zh: str
    en: str

    def to_json(self) -> dict[str, str]:
        """The object in ``status.words``."""
        return {"code": self.code, "zh": self.zh, "en": self.en}


def flag_word(flag: Flag) -> Word:
    """What a public remark is called."""
    return Word(flag.value, *FLAG_WORDS[flag])


def reason_word(reason: str, zh: str = "", en: str = "") -> Word:
    """A status word with the sentence of a reason, and what is to be said beyond it."""
    _, base_zh, base_en = REASONS[reason]
    return Word(reason, base_zh + zh, base_en + en)


@dataclass(frozen=True, slots=True)
class AsOf:
    """The moment that every verdict speaks of: the confirmed anchor's block."""

    member: int
    seq: int
    size: int
    block: int
    time: dt.datetime
    chain_id: int
    registry: str
    embedded: bool

    def to_json(self) -> dict[str, Any]:
        """The ``as_of`` object."""
        chain = {"id": str(self.chain_id), "registry": self.registry, "embedded": self.embedded}
        if self.embedded:
            chain["name"] = "演示链"
        return {
            "member": self.member,
            "seq": self.seq,
            "size": self.size,
            "block": self.block,
            "time": timestamp(self.time),
            "chain": chain,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The six verdicts, and what goes with them.

    Attributes:
        type: of the bundle: ``license``, ``absence``, ``history``; empty where it could not be read.
        basis: what the status rests on: ``issuer``, ``witnessed:k`` or ``replayed``; empty where there is no status.
        words: everything that is said of the status, the gravest first.
        as_of: of the confirmed anchor; None where it is not confirmed.
        disclosed: the face fields that the credential shows; to be believed only as far as ``integrity`` is ok.
    """

    integrity: Verdict
    issuer: Verdict
    logged: Verdict
    anchored: Verdict
    status: Verdict
    freshness: Verdict
    type: str = ""
    basis: str = ""
    words: tuple[Word, ...] = ()
    as_of: AsOf | None = None
    disclosed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The six, in the order of :data:`NAMES`."""
        return self.integrity, self.issuer, self.logged, self.anchored, self.status, self.freshness

    @property
    def exit_code(self) -> int:
        """1 if anything failed, else 2 if anything is unknown, else 0."""
        answers = {item.verdict for item in self.verdicts}
        return 1 if Answer.FAILED in answers else 2 if Answer.UNKNOWN in answers else 0

    def to_json(self) -> dict[str, Any]:
        """The object of ``tongban verify --json``."""
        as_of = self.as_of.to_json() if self.as_of else {}
        obj: dict[str, Any] = {name: item.to_json() for name, item in zip(NAMES, self.verdicts, strict=True)}
        obj["status"] |= {"basis": self.basis, "words": [word.to_json() for word in self.words], "as_of": as_of}
        return obj | {"type": self.type, "as_of": as_of, "disclosed": dict(self.disclosed), "exit": self.exit_code}


def malformed(error: Exception) -> Report:
    """The report on a file that is not a bundle: integrity failed, nothing else could be looked at."""
    rest = verdict("needs-parse")
    return Report(verdict("malformed", detail=str(error)), rest, rest, rest, rest, rest)


def distrusted(report: Report, error: Exception) -> Report:
    """The report on a bundle whose trust file was refused: whom to believe has failed, not merely gone unanswered.

    Args:
        report: of the same bundle, verified without a trust file.
        error: why the trust file was refused.
    """
    refused = verdict("trust-refused", _FAILED, detail=error)
    unanswered = verdict("trust-refused", _UNKNOWN, detail=error)
    integrity, logged = (
        unanswered if item.reason == "no-trust-file" else item for item in (report.integrity, report.logged)
    )
    return replace(report, integrity=integrity, issuer=refused, logged=logged, anchored=refused)
