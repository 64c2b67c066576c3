"""The one table from errors to HTTP statuses, and the answers made of it (RFC 9457 problem details).

Every class of :mod:`ledger.errors` stands in ``PROBLEMS``; a test walks the tree, so a new error cannot be forgotten.
One that is declared beside what it is about is answered as its parent.
An answer speaks Simplified Chinese, or English to a client whose ``Accept-Language`` prefers it. What is wrong on our
side (5xx) goes to the log with its details and to the client without them.

What it leaves out: which error a request deserves; that is for ``ledger`` to raise.

Source: RFC 9457 (problem details), RFC 9110 section 12.5.4 (Accept-Language).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from api.headers import preferences
from ledger import errors

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:tongban:problem:"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of problem.

    Attributes:
        status: HTTP status.
        slug: end of the ``type`` URN; stable, for programs.
        zh: title in Simplified Chinese.
        en: title in English.
    """

    status: HTTPStatus
    slug: str
    zh: str
    en: str


def _failed(slug: str, zh: str, en: str) -> Problem:
    """A proof that came with the request does not hold."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, slug, zh, en)


PROBLEMS: dict[type[errors.LedgerError], Problem] = {
    errors.LedgerError: Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "系统内部错误", "Internal error"),
    errors.FormatError: Problem(HTTPStatus.BAD_REQUEST, "format", "格式不正确", "Malformed input"),
    errors.RecordError: Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "record", "证照内容不符合规则", "The licence record breaks a rule"
    ),
    errors.TransitionError: Problem(
        HTTPStatus.CONFLICT, "transition", "当前状态不允许该操作", "Not possible in the licence's present state"
    ),
    errors.VerificationError: _failed("verification", "核验未通过", "Verification failed"),
    errors.InclusionError: _failed("inclusion", "日志存在性证明不成立", "Inclusion proof failed"),
    errors.ConsistencyError: _failed("consistency", "日志一致性证明不成立", "Consistency proof failed"),
    errors.StateProofError: _failed("state-proof", "状态证明不成立", "State proof failed"),
    errors.SignatureError: _failed("signature", "签名不成立", "Signature failed"),
    errors.DisclosureError: _failed(
        "disclosure", "披露内容与证照不符", "A disclosure does not belong to the credential"
    ),
    errors.CheckpointError: _failed("checkpoint", "检查点不符", "Checkpoint mismatch"),
    errors.AnchorMismatchError: _failed("anchor", "与链上锚定不符", "Anchor mismatch"),
    errors.TrustError: _failed("trust", "信任文件不可信", "The trust file is not trusted"),
    errors.NotFoundError: Problem(HTTPStatus.NOT_FOUND, "not-found", "未找到", "Not found"),
    errors.ConflictError: Problem(HTTPStatus.CONFLICT, "conflict", "与已有内容冲突", "Conflicts with what is there"),
    errors.ConfigError: Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "config", "节点配置不可用", "Node misconfigured"),
    errors.StorageError: Problem(HTTPStatus.SERVICE_UNAVAILABLE, "storage", "数据库不可用", "Storage unavailable"),
    errors.RestoredBackupError: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "restored-backup",
        "数据库早于链上锚定",
        "The database is older than its anchors",
    ),
    errors.RestoredBackupError: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "restored-backup",
        "数据库早于链上记录，暂停签发",
        "The database is behind the chain",
    ),
    errors.ChainError: Problem(HTTPStatus.BAD_GATEWAY, "chain", "链上操作失败", "Chain error"),
    errors.ChainUnavailableError: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "chain-unavailable", "链节点不可用", "The chain does not answer"
    ),
    errors.WrongChainError: Problem(
        HTTPStatus.BAD_GATEWAY, "wrong-chain", "连接的不是约定的链", "Not the chain that was agreed on"
    ),
    errors.FinalityTimeoutError: Problem(
        HTTPStatus.GATEWAY_TIMEOUT, "finality-timeout", "尚未在时限内最终确认", "Not final in time"
    ),
    errors.ContractRevertedError: Problem(
        HTTPStatus.CONFLICT, "contract-reverted", "合约拒绝了该操作", "The contract refused"
    ),
}


def respond(request: Request, error: errors.LedgerError) -> Response:
    """The answer to an error of ours."""
    problem = PROBLEMS[next(kind for kind in type(error).__mro__ if kind in PROBLEMS)]
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s %s: %s", request.method, request.url.path, error, exc_info=error)
        return _answer(request, problem, None)
    english = prefers_english(request.headers.get("accept-language", ""))
    if isinstance(error, errors.RecordError):
        extra = {"field": error.field, "rule": error.rule}
        return _answer(request, problem, error.en if english else error.zh, extra)
    if isinstance(error, errors.TransitionError):
        extra = {"event": error.event, "rule": error.rule}
        return _answer(request, problem, error.en if english else error.zh, extra)
    return _answer(request, problem, str(error))


def prefers_english(accept_language: str) -> bool:
    """Whether a client asks for English rather than Chinese; Chinese is what those get who do not say.

    Args:
        accept_language: the header's value, such as ``en-GB,en;q=0.9,zh;q=0.5``.
    """
    weights = {"zh": 0.0, "en": 0.0}
    for tag, weight in preferences(accept_language).items():
        language = tag.partition("-")[0]
        if language in weights:
            weights[language] = max(weights[language], weight)
    return weights["en"] > weights["zh"]


def install(app: FastAPI) -> None:
    """Make every error of an app a problem detail, those of the framework too."""

    @app.exception_handler(errors.LedgerError)
    def _ledger(request: Request, error: errors.LedgerError) -> Response:
        return respond(request, error)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        problem = Problem(status, status.name.lower().replace("_", "-"), _ZH.get(status, "请求失败"), status.phrase)
        return _answer(request, problem, None, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def _validation(request: Request, error: RequestValidationError) -> Response:
        problem = Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "request", "请求参数不正确", "The request is not valid")
        # Where and why, never the value itself: it may be personal.
        extra = {"errors": [{"at": ".".join(map(str, e["loc"])), "why": e["msg"]} for e in error.errors()]}
        return _answer(request, problem, None, extra)

    @app.exception_handler(Exception)
    def _unexpected(request: Request, error: Exception) -> Response:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return _answer(request, PROBLEMS[errors.LedgerError], None)


_ZH = {HTTPStatus.NOT_FOUND: "未找到", HTTPStatus.METHOD_NOT_ALLOWED: "不支持该请求方法"}


def _answer(
    request: Request,
    problem: Problem,
    detail: str | None,
    extra: dict[str, Any] | None = None,
    headers: Any = None,
) -> Response:
    english = prefers_english(request.headers.get("accept-language", ""))
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + problem.slug,
        "title": problem.en if english else problem.zh,
        "status": int(problem.status),
        **(extra or {}),
    }
    if detail is not None:
        body["detail"] = detail
    language = {
        "Content-Language": "en" if english else "zh-CN",
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
    }
    return JSONResponse(body, int(problem.status), {**(headers or {}), **language}, media_type=MEDIA_TYPE)
