"""The fields of a licence record: which there are, which are required, and what a value of each looks like.

A field's shape is what can be said of it without looking at any other field. Every shape has one spelling: amounts are
decimal strings without needless zeros, dates ISO dates, texts NFC without invisible characters. Nothing is coerced.

What it leaves out: what fields mean together, such as capital and family (``rules``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ledger.encoding import parse_date
from ledger.errors import FormatError, RecordError
from ledger.license import identifier, uscc
from ledger.license.families import GENERAL, PERMITTED, Family, HeadRole
from ledger.license.status import NEW_VERSION_EVENTS
from ledger.license.words import Text

SCHEMA_VERSION = "lic/1"
COMPOSITIONS = ("个人经营", "家庭经营")
MEDIA = ("paper", "electronic", "both")
HEAD_KINDS = ("natural", "org")
SCOPE_KINDS = (PERMITTED, GENERAL)
MAX_HEADS, MAX_ITEMS, MAX_SCOPE_TEXT, MAX_DUPLICATES = 50, 300, 20_000, 99

INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control, format and direction characters: two texts that look the same must be the same.

Listed here, not taken from Unicode's categories: those change with the interpreter, and a rule must not."""

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,17})(\.[0-9]?[1-9])?")
_CURRENCY = re.compile(r"[0-9]{3}")
_TYPE_CODE = re.compile(r"[0-9]{4}")
_DIVISION = re.compile(r"[0-9]{6}")
_ITEM_CODE = re.compile(r"[0-9A-Z]{1,20}")

Found = list[RecordError]
Shape = Callable[[Any, str, Found], None]


class Field(NamedTuple):
    """One field of the record: its label for messages, its shape, and whether every record has it."""

    label: Text
    shape: Shape
    required: bool = True


def note(found: Found, field: str, rule: str, zh: str, en: str) -> None:
    """Add an error, with the label of the field it is about in front."""
    label = FIELDS[top].label if (top := field.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]) in FIELDS else None
    found.append(RecordError(field, rule, f"{label.zh}：{zh}" if label else zh, f"{label.en}: {en}" if label else en))


def text(limit: int) -> Shape:
    """A printable text of 1 to ``limit`` characters, NFC, without invisible characters or spaces around it."""

    def shape(value: Any, field: str, found: Found) -> None:
        if type(value) is not str:
            note(found, field, "text.type", "应为文字", "a string is expected")
        elif not value:
            note(found, field, "text.empty", "不能为空", "must not be empty")
        elif len(value) > limit:
            note(found, field, "text.length", f"最多{limit}个字符，现为{len(value)}个", f"at most {limit} characters")
        elif INVISIBLE.search(value):
            note(found, field, "text.control", "含控制字符或不可见字符", "contains control or invisible characters")
        elif value[0].isspace() or value[-1].isspace():
            note(found, field, "text.space", "首尾有空格", "begins or ends with a space")
        elif not unicodedata.is_normalized("NFC", value):
            note(found, field, "text.nfc", "未按 NFC 规范化", "is not in Unicode form NFC")

    return shape


def matching(pattern: re.Pattern[str], rule: str, zh: str, en: str) -> Shape:
    """A string that matches a pattern whole."""

    def shape(value: Any, field: str, found: Found) -> None:
        if type(value) is not str or not pattern.fullmatch(value):
            note(found, field, rule, zh, en)

    return shape


def one_of(words: Iterable[str], rule: str) -> Shape:
    """One of a few words."""
    allowed = tuple(words)

    def shape(value: Any, field: str, found: Found) -> None:
        if type(value) is not str or value not in allowed:
            shown = "、".join(allowed)
            note(found, field, rule, f"应为以下之一：{shown}", "must be one of " + ", ".join(allowed))

    return shape


def whole(low: int, high: int, rule: str) -> Shape:
    """An integer between two bounds, both included."""

    def shape(value: Any, field: str, found: Found) -> None:
        if type(value) is not int or not low <= value <= high:
            note(found, field, rule, f"应为{low}至{high}的整数", f"must be an integer from {low} to {high}")

    return shape


def parts(fields: Mapping[str, tuple[Shape, bool]]) -> Shape:
    """An object of exactly these fields; each with its shape and whether it is required."""

    def shape(value: Any, field: str, found: Found) -> None:
        if type(value) is not dict:
            note(found, field, "object.type", "结构不符", "an object is expected")
            return
        for name, (inner, required) in fields.items():
            if name in value:
                inner(value[name], f"{field}.{name}", found)
            elif required:
                note(found, f"{field}.{name}", "required", f"缺少 {name}", f"{name} is missing")
        for name in value:
            if name not in fields:
                note(found, f"{field}.{name}", "unknown_field", "不认识的字段", "unknown field")

    return shape


def several(inner: Shape, limit: int) -> Shape:
    """A list of 1 to ``limit`` values of one shape."""

    def shape(value: Any, field: str, found: Found) -> None:
        if type(value) is not list or not 1 <= len(value) <= limit:
            note(found, field, "list.length", f"应有1至{limit}项", f"a list of 1 to {limit} is expected")
            return
        for index, item in enumerate(value):
            inner(item, f"{field}[{index}]", found)

    return shape


def date(value: Any, field: str, found: Found) -> None:
    """A calendar date ``YYYY-MM-DD``."""
    try:
        parse_date(value)
    except FormatError:
        note(found, field, "date", "应为日期（年-月-日，如 2024-03-15）", "must be a date such as 2024-03-15")


def cert_identifier(value: Any, field: str, found: Found) -> None:
    """A 电子证照标识 whose check character is right."""
    try:
        identifier.parse(value)
    except FormatError as error:
        zh, _, en = str(error).partition(" / ")
        note(found, field, "identifier", zh, en)


def cert_type_code(value: Any, field: str, found: Found) -> None:
    """A licence type code."""
    try:
        identifier.check_type_code(value)
    except FormatError:
        zh = "应为定义机关的统一社会信用代码加3位数字"
        note(found, field, "cert_type_code", zh, "a credit code and three digits are expected")


def subject_code(value: Any, field: str, found: Found) -> None:
    """The credit code of somebody who may hold a business licence."""
    if (fault := uscc.license_fault(value)) is not None:
        note(found, field, *fault)


def organ_code(value: Any, field: str, found: Found) -> None:
    """The credit code of an organ that issues licences."""
    if (fault := uscc.organ_fault(value)) is not None:
        note(found, field, *fault)


def labels(value: Any, field: str, found: Found) -> None:
    """A map from field to label; which ones, ``rules`` derives and compares."""
    if type(value) is not dict or any(type(item) is not str for pair in value.items() for item in pair):
        note(found, field, "labels.type", "应为字段与标签的对照", "a map from field to label is expected")


_amount = matching(_AMOUNT, "capital.format", "应为不带多余零的金额，最多两位小数", "an amount, at most two decimals")
_currency = matching(_CURRENCY, "capital.currency_format", "应为三位数字（人民币156）", "three digits, such as 156")
_head = parts(
    {
        "name": (text(100), True),
        "kind": (one_of(HEAD_KINDS, "heads.kind"), True),
        "delegate_name": (text(100), False),
    }
)
_item = parts(
    {
        "text": (text(200), True),
        "kind": (one_of(SCOPE_KINDS, "scope.kind"), True),
        "code": (matching(_ITEM_CODE, "scope.code", "应为数字与大写字母", "digits and capitals"), False),
    }
)
_division = parts(
    {
        "code": (matching(_DIVISION, "division.code", "应为6位数字", "six digits are expected"), True),
        "name": (text(60), True),
    }
)
_authority = parts({"code": (organ_code, True), "name": (text(100), True), "division": (_division, True)})
_copies = parts({"originals": (whole(1, 1, "copies"), True), "duplicates": (whole(0, MAX_DUPLICATES, "copies"), True)})
_cause = parts(
    {
        "event": (one_of(sorted(NEW_VERSION_EVENTS), "cause.event"), True),
        "decision_no": (text(60), False),
    }
)

FIELDS: dict[str, Field] = {
    "schema_version": Field(Text("格式版本", "schema"), one_of([SCHEMA_VERSION], "schema_version")),
    "licence_id": Field(Text("证照编号", "licence id"), matching(_UUID4, "licence_id", "应为UUID", "a version 4 UUID")),
    "cert_identifier": Field(Text("电子证照标识", "certificate identifier"), cert_identifier),
    "cert_type_code": Field(Text("证照类型代码", "certificate type"), cert_type_code),
    "version_no": Field(Text("版本号", "version"), whole(1, identifier.MAX_VERSION, "version_no")),
    "supersedes": Field(Text("被替代的标识", "superseded identifier"), cert_identifier, required=False),
    "uscc": Field(Text("统一社会信用代码", "credit code"), subject_code),
    "name": Field(Text("名称", "name"), text(200), required=False),
    "family": Field(Text("主体类别", "family"), one_of(Family, "family")),
    "subject_type_code": Field(
        Text("类型代码", "type code"), matching(_TYPE_CODE, "subject_type.format", "应为4位数字", "four digits")
    ),
    "subject_type_label": Field(Text("类型", "type"), text(80)),
    "composition": Field(Text("组成形式", "composition"), one_of(COMPOSITIONS, "composition"), required=False),
    "head_role": Field(Text("负责人身份", "role of the head"), one_of(HeadRole, "head_role")),
    "heads": Field(Text("负责人", "head persons"), several(_head, MAX_HEADS)),
    "capital_amount": Field(Text("资本数额", "capital"), _amount, required=False),
    "capital_currency": Field(Text("币种", "currency"), _currency, required=False),
    "capital_label": Field(Text("资本名目", "capital label"), text(20), required=False),
    "premises": Field(Text("住所或经营场所", "premises"), text(300)),
    "scope_items": Field(Text("经营范围条目", "scope items"), several(_item, MAX_ITEMS), required=False),
    "scope_text": Field(Text("经营范围", "scope"), text(MAX_SCOPE_TEXT)),
    "establishment_date": Field(Text("成立日期", "establishment date"), date),
    "issue_date": Field(Text("发照日期", "issue date"), date),
    "term_from": Field(Text("期限起", "term begins"), date, required=False),
    "term_to": Field(Text("期限止", "term ends"), date, required=False),
    "authority": Field(Text("登记机关", "authority"), _authority),
    "copies": Field(Text("正副本", "copies"), _copies),
    "media": Field(Text("介质", "media"), one_of(MEDIA, "media")),
    "cause": Field(Text("事由", "cause"), _cause),
    "display_labels": Field(Text("照面标签", "labels"), labels),
}
"""Every field of a record, in the order of the schema."""


def check(record: Mapping[str, Any]) -> Found:
    """Check every field's shape, and that there is no field missing or too many."""
    found: Found = []
    for name, field in FIELDS.items():
        if name in record:
            field.shape(record[name], name, found)
        elif field.required:
            note(found, name, "required", "缺少必填项", "is missing")
    for name in record:
        if name not in FIELDS:
            note(found, str(name), "unknown_field", "不认识的字段", "unknown field")
    return found


def check_one(name: str, value: Any) -> None:
    """Check one field by itself, as where only some of a record are disclosed.

    Raises:
        RecordError: the first thing that is wrong; also where there is no such field.
    """
    found: Found = []
    if name not in FIELDS:
        note(found, name, "unknown_field", "不认识的字段", "unknown field")
    else:
        FIELDS[name].shape(value, name, found)
    if found:
        raise found[0]
