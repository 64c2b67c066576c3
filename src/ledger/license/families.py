"""The eight families of subjects: what each one's licence shows, and under which label.

A family decides who heads the subject, whether it has capital, what its place, term, date and scope are called
(市场主体登记管理条例实施细则 arts. 6, 7, 23; labels as public registers print them). Which family a subject is of
stands in its type code, by the table ``data/subject_types.csv`` and never by the code's first digit: the digits
are not systematic, and sources differ.

What it leaves out: the checks themselves (``rules``).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from ledger.license import uscc
from ledger.license.words import Text


class Family(StrEnum):
    """Kinds of subject whose licences differ in more than words."""

    COMPANY = "COMPANY"
    NONCORP_LEGAL = "NONCORP_LEGAL"
    SOLE_PROP = "SOLE_PROP"
    PARTNERSHIP = "PARTNERSHIP"
    COOP = "COOP"
    BRANCH = "BRANCH"
    COOP_BRANCH = "COOP_BRANCH"
    HOUSEHOLD = "HOUSEHOLD"


class HeadRole(StrEnum):
    """What the person at the head is, in law."""

    LEGAL_REP = "legal_rep"
    PRINCIPAL = "principal"
    OPERATOR = "operator"
    EXEC_PARTNER = "exec_partner"
    INVESTOR = "investor"


@dataclass(frozen=True, slots=True)
class FamilyRules:
    """One family's labels and what its licence must, may and must not have.

    Attributes:
        name: what the family is called.
        head_role: role of the head persons.
        head: label of the head person.
        capital: label of the capital; None where the family has none (then it is forbidden, else required).
        premises: label of the place.
        term: label of the period; None where the family has none (then it is forbidden, else optional).
        date: label of the establishment date.
        scope: label of the business scope.
        category: second character of its credit codes (the first is 9).
        several_heads: more than one head person is allowed.
        organisation_heads: an organisation may be head, through a named delegate.
        name_optional: the subject may have no name (细则 art. 6 (7)).
        composition: the licence shows 组成形式 (required), else it is forbidden.
        may_move: may move to another province (川渝 practice; the default, a node may be configured otherwise).
    """

    name: Text
    head_role: HeadRole
    head: Text
    capital: Text | None
    premises: Text
    term: Text | None
    date: Text
    scope: Text
    category: str
    several_heads: bool = False
    organisation_heads: bool = False
    name_optional: bool = False
    composition: bool = False
    may_move: bool = True


_LEGAL_REP = Text("法定代表人", "legal representative")
_PRINCIPAL = Text("负责人", "person in charge")
_CONTRIBUTION = Text("出资额", "capital contribution")
_DOMICILE = Text("住所", "domicile")
_PLACE = Text("经营场所", "place of business")
_ESTABLISHED = Text("成立日期", "date of establishment")
_SCOPE = Text("经营范围", "business scope")
_COOP_SCOPE = Text("业务范围", "scope of activities")

FAMILIES: dict[Family, FamilyRules] = {
    Family.COMPANY: FamilyRules(
        name=Text("公司", "company"),
        head_role=HeadRole.LEGAL_REP,
        head=_LEGAL_REP,
        capital=Text("注册资本", "registered capital"),
        premises=_DOMICILE,
        term=Text("营业期限", "term of operation"),
        date=_ESTABLISHED,
        scope=_SCOPE,
        category=uscc.ENTERPRISE,
    ),
    Family.NONCORP_LEGAL: FamilyRules(
        name=Text("非公司企业法人", "non-corporate enterprise legal person"),
        head_role=HeadRole.LEGAL_REP,
        head=_LEGAL_REP,
        capital=_CONTRIBUTION,
        premises=_DOMICILE,
        term=Text("经营期限", "term of operation"),
        date=_ESTABLISHED,
        scope=_SCOPE,
        category=uscc.ENTERPRISE,
    ),
    Family.SOLE_PROP: FamilyRules(
        name=Text("个人独资企业", "sole proprietorship enterprise"),
        head_role=HeadRole.INVESTOR,
        head=Text("投资人", "investor"),
        capital=_CONTRIBUTION,
        premises=_DOMICILE,
        term=None,
        date=_ESTABLISHED,
        scope=_SCOPE,
        category=uscc.ENTERPRISE,
    ),
    Family.PARTNERSHIP: FamilyRules(
        name=Text("合伙企业", "partnership"),
        head_role=HeadRole.EXEC_PARTNER,
        head=Text("执行事务合伙人", "executive partner"),
        capital=_CONTRIBUTION,
        premises=Text("主要经营场所", "principal place of business"),
        term=Text("合伙期限", "term of partnership"),
        date=_ESTABLISHED,
        scope=_SCOPE,
        category=uscc.ENTERPRISE,
        several_heads=True,
        organisation_heads=True,
    ),
    Family.COOP: FamilyRules(
        name=Text("农民专业合作社（联合社）", "farmers' cooperative (or union)"),
        head_role=HeadRole.LEGAL_REP,
        head=_LEGAL_REP,
        capital=Text("成员出资总额", "members' total contribution"),
        premises=_DOMICILE,
        term=None,
        date=_ESTABLISHED,
        scope=_COOP_SCOPE,
        category=uscc.COOPERATIVE,
    ),
    Family.BRANCH: FamilyRules(
        name=Text("分公司、分支机构", "branch"),
        head_role=HeadRole.PRINCIPAL,
        head=_PRINCIPAL,
        capital=None,
        premises=Text("营业场所", "place of operation"),
        term=Text("营业期限", "term of operation"),
        date=_ESTABLISHED,
        scope=_SCOPE,
        category=uscc.ENTERPRISE,
    ),
    Family.COOP_BRANCH: FamilyRules(
        name=Text("农民专业合作社分支机构", "branch of a farmers' cooperative"),
        head_role=HeadRole.PRINCIPAL,
        head=_PRINCIPAL,
        capital=None,
        premises=_PLACE,
        term=None,
        date=_ESTABLISHED,
        scope=_COOP_SCOPE,
        category=uscc.COOPERATIVE,
    ),
    Family.HOUSEHOLD: FamilyRules(
        name=Text("个体工商户", "individual business household"),
        head_role=HeadRole.OPERATOR,
        head=Text("经营者", "operator"),
        capital=None,
        premises=_PLACE,
        term=None,
        date=Text("注册日期", "date of registration"),
        scope=_SCOPE,
        category=uscc.HOUSEHOLD,
        name_optional=True,
        composition=True,
        may_move=False,
    ),
}
"""One family, one row."""

USCC = Text("统一社会信用代码", "unified social credit code")
NAME = Text("名称", "name")
TYPE = Text("类型", "type")
COMPOSITION = Text("组成形式", "composition")
AUTHORITY = Text("登记机关", "registration authority")
ISSUE_DATE = Text("发照日期", "date of issue")
LONG_TERM = Text("长期", "no fixed end")

PERMITTED, GENERAL = "许可", "一般"
SCOPE_HEADINGS = {
    PERMITTED: Text("许可项目", "items that need a permit"),
    GENERAL: Text("一般项目", "general items"),
}
SCOPE_CLAUSES = {
    PERMITTED: "（依法须经批准的项目，经相关部门批准后方可开展经营活动，具体经营项目以相关部门批准文件或许可证件为准）",
    GENERAL: "（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）",
}
"""What a licence prints after the permitted and after the general items."""


def face_labels(family: Family) -> dict[str, Text]:
    """The labels on a family's licence, in the order in which the face shows them.

    Returns:
        Field of the record → label, only for fields that this family's licence can show.
    """
    rules = FAMILIES[family]
    shown: dict[str, Text | None] = {
        "uscc": USCC,
        "name": NAME,
        "subject_type_label": TYPE,
        "composition": COMPOSITION if rules.composition else None,
        "heads": rules.head,
        "capital_amount": rules.capital,
        "establishment_date": rules.date,
        "term_from": rules.term,
        "premises": rules.premises,
        "scope_text": rules.scope,
        "authority": AUTHORITY,
        "issue_date": ISSUE_DATE,
    }
    return {field: label for field, label in shown.items() if label is not None}


@dataclass(frozen=True, slots=True)
class SubjectType:
    """One type code.

    Attributes:
        code: four digits of the registration organs' type table.
        label: as licences print it.
        family: None for what is no business licence (7200) or cannot be told (9900).
        source: where code and label were read; ``memory`` where they were not looked up.
        confidence: ``high``, ``medium`` or ``low``.
    """

    code: str
    label: str
    family: Family | None
    source: str
    confidence: str


@cache
def subject_types() -> dict[str, SubjectType]:
    """All type codes; read once from the package's data file."""
    text = resources.files("ledger.license").joinpath("data/subject_types.csv").read_text(encoding="utf-8")
    return {row["code"]: _subject_type(row) for row in csv.DictReader(text.splitlines())}


def _subject_type(row: dict[str, str]) -> SubjectType:
    family = Family(row["family"]) if row["family"] else None
    return SubjectType(row["code"], row["label"], family, row["source"], row["confidence"])
