"""What the fields of a licence record mean together: one function per rule, each rule with its own id.

A rule is only asked where the shapes of the fields that it reads are right, so that one mistake gives one error.
The law behind each stands beside it (条例: 市场主体登记管理条例; 细则: its 实施细则).

What it leaves out: a field by itself (``shapes``), and what may follow what (``lifecycle``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ledger.errors import RecordError
from ledger.license import divisions, identifier, shapes
from ledger.license.families import (
    FAMILIES,
    SCOPE_CLAUSES,
    SCOPE_HEADINGS,
    Family,
    FamilyRules,
    face_labels,
    subject_types,
)
from ledger.license.shapes import Found, note
from ledger.license.status import Event

Record = Mapping[str, Any]
Rule = Callable[[Record, FamilyRules, Found], None]

_RULES: list[tuple[frozenset[str], Rule]] = []
_LABELS = {family: {field: label.zh for field, label in face_labels(family).items()} for family in Family}
_FIRST = (Event.ESTABLISH, Event.IMPORT_LEGACY)


def _rule(*reads: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        _RULES.append((frozenset({*reads, "family"}), rule))
        return rule

    return register


def errors(record: object) -> list[RecordError]:
    """Everything that is wrong with a record, in the order of the schema and then of the rules.

    Args:
        record: the record's JSON object, decoded.
    """
    if type(record) is not dict:
        return [RecordError("", "object.type", "应为一个对象", "an object is expected")]
    found = shapes.check(record)
    broken = {error.field.split(".")[0].split("[")[0] for error in found}
    if "family" in broken:
        return found
    family = FAMILIES[Family(record["family"])]
    for reads, rule in _RULES:
        if broken.isdisjoint(reads):
            rule(record, family, found)
    return found


def warnings(record: Record) -> list[str]:
    """What is unusual about a record but no error: divisions that GB/T 2260 does not have, uncertain type codes."""
    found = [*divisions.warnings(record["uscc"][2:8]), *divisions.warnings(record["authority"]["division"]["code"])]
    kind = subject_types().get(record["subject_type_code"])
    if kind is not None and kind.confidence == "low":
        code = kind.code
        found.append(f"类型代码 {code} 未经核实，各地用法不一 / type code {code} is unconfirmed and differs by source")
    return list(dict.fromkeys(found))


def scope_text(items: Iterable[Mapping[str, Any]]) -> str:
    """The scope as a licence prints it: permitted items, then general items, each with its clause.

    Args:
        items: objects with ``text`` and ``kind``, in the order in which they are to be printed.
    """
    texts: dict[str, list[str]] = {kind: [] for kind in SCOPE_HEADINGS}
    for item in items:
        texts[item["kind"]].append(item["text"])
    printed = {kind: "；".join(listed) for kind, listed in texts.items() if listed}
    return "".join(f"{SCOPE_HEADINGS[kind].zh}：{listed}。{SCOPE_CLAUSES[kind]}" for kind, listed in printed.items())


def display_labels(family: Family) -> dict[str, str]:
    """The labels on the licence's face, as the record stores them: field → Chinese label."""
    return dict(_LABELS[family])


@_rule("subject_type_code")
def _subject_type(r: Record, _family: FamilyRules, found: Found) -> None:
    kind = subject_types().get(r["subject_type_code"])
    if kind is None:
        note(found, "subject_type_code", "subject_type.unknown", "类型代码表中没有该代码", "not in the type table")
    elif kind.family is None:
        note(found, "subject_type_code", "subject_type.not_licence", "该类型不发营业执照", "no business licence")
    elif kind.family != r["family"]:
        zh = f"该类型属于{FAMILIES[kind.family].name.zh}（{kind.family}）"
        note(found, "subject_type_code", "subject_type.family", zh, f"this type is of family {kind.family}")


@_rule("uscc")
def _uscc_category(r: Record, family: FamilyRules, found: Found) -> None:
    if r["uscc"][1] != family.category:
        zh = f"{family.name.zh}的代码应以 9{family.category} 开头"
        note(found, "uscc", "uscc.family", zh, f"codes of this family begin with 9{family.category}")


@_rule("name")
def _name(r: Record, family: FamilyRules, found: Found) -> None:
    if "name" not in r and not family.name_optional:  # 细则 art. 6 (7): only a household may go without
        note(found, "name", "name.required", "缺少名称；只有个体工商户可以没有", "only a household may have none")


@_rule("composition")
def _composition(r: Record, family: FamilyRules, found: Found) -> None:
    if family.composition and "composition" not in r:
        note(found, "composition", "composition.required", "个体工商户应载明组成形式", "a household must show it")
    if not family.composition and "composition" in r:
        note(found, "composition", "composition.forbidden", "只有个体工商户有组成形式", "only a household shows it")


@_rule("head_role")
def _head_role(r: Record, family: FamilyRules, found: Found) -> None:
    if r["head_role"] != family.head_role:
        note(found, "head_role", "head_role.family", f"应为{family.head.zh}", f"must be {family.head_role}")


@_rule("heads")
def _heads(r: Record, family: FamilyRules, found: Found) -> None:
    if len(r["heads"]) > 1 and not family.several_heads:
        note(found, "heads", "heads.one", f"只能有一名{family.head.zh}", "exactly one; several only in a partnership")
    for index, head in enumerate(r["heads"]):
        field = f"heads[{index}]"
        if head["kind"] == "org" and not family.organisation_heads:
            note(found, f"{field}.kind", "heads.natural", f"{family.head.zh}应为自然人", "must be a natural person")
        elif (head["kind"] == "org") != ("delegate_name" in head):
            zh = "组织担任执行事务合伙人的，应载明委派代表；自然人不应载明"
            note(found, f"{field}.delegate_name", "heads.delegate", zh, "required for an organisation, only there")


@_rule("capital_amount", "capital_currency", "capital_label")
def _capital(r: Record, family: FamilyRules, found: Found) -> None:
    for field in ("capital_amount", "capital_currency", "capital_label"):
        if family.capital is None and field in r:  # 细则 arts. 6, 23: branches and households have none
            note(found, field, "capital.forbidden", f"{family.name.zh}不登记资本", "this family has no capital")
        elif family.capital is not None and field not in r:
            note(found, field, "capital.required", f"应载明{family.capital.zh}", "this family has capital")
    if family.capital is not None and r.get("capital_label", family.capital.zh) != family.capital.zh:
        note(found, "capital_label", "capital.label", f"应为“{family.capital.zh}”", f"must be {family.capital.zh}")


@_rule("scope_items", "scope_text", "cause")
def _scope(r: Record, _family: FamilyRules, found: Found) -> None:
    items = r.get("scope_items")
    if items is None:
        # licences older than the standard items bear free text; only a new establishment must use the items
        if r["cause"]["event"] == Event.ESTABLISH:
            zh = "新设立的应按条目填写经营范围"
            note(found, "scope_items", "scope.items_required", zh, "a new licence has standard items")
    elif scope_text(items) != r["scope_text"]:
        note(found, "scope_text", "scope.text", "与经营范围条目不一致", "is not what the items say")


@_rule("establishment_date", "issue_date", "version_no", "cause")
def _dates(r: Record, _family: FamilyRules, found: Found) -> None:
    established, issued = r["establishment_date"], r["issue_date"]
    if established > issued:
        note(found, "issue_date", "dates.order", f"早于成立日期 {established}", f"is before {established}")
    elif r["cause"]["event"] == Event.ESTABLISH and established != issued:  # 条例 art. 21
        zh = f"首次发照日期即为成立日期，应为 {established}"
        note(found, "issue_date", "dates.first_issue", zh, f"the first one is issued on {established}")


@_rule("term_from", "term_to", "establishment_date")
def _term(r: Record, family: FamilyRules, found: Found) -> None:
    begins, ends = r.get("term_from"), r.get("term_to")
    for field, value in (("term_from", begins), ("term_to", ends)):
        if value is not None and family.term is None:
            note(found, field, "term.forbidden", f"{family.name.zh}不载期限", "this family shows no term")
    if family.term is None:
        return
    if ends is not None and (begins is None or ends < begins):
        note(found, "term_to", "term.order", "应有起始日且不早于起始日", "needs a beginning, and not after the end")
    if begins is not None and begins < r["establishment_date"]:
        note(found, "term_from", "term.before_establishment", "早于成立日期", "before the establishment")


@_rule("cert_identifier", "cert_type_code", "authority", "version_no")
def _identifier(r: Record, _family: FamilyRules, found: Found) -> None:
    parsed = identifier.parse(r["cert_identifier"])
    for part, got, want in (
        ("type", parsed.type_code, r["cert_type_code"]),
        ("issuer", parsed.issuer, r["authority"]["code"]),
        ("version", parsed.version, r["version_no"]),
    ):
        if got != want:
            note(found, "cert_identifier", f"identifier.{part}", f"其中的 {got} 应为 {want}", f"{got} must be {want}")


@_rule("supersedes", "version_no", "cert_type_code")
def _supersedes(r: Record, _family: FamilyRules, found: Found) -> None:
    version = r["version_no"]
    if (version == 1) == ("supersedes" in r):
        zh = "第一版不应有、其后各版应有"
        note(found, "supersedes", "supersedes.first", zh, "absent in version 1, required in every later one")
    elif version > 1:
        old = identifier.parse(r["supersedes"])
        if (old.version, old.type_code) != (version - 1, r["cert_type_code"]):
            zh = f"应为同一类型的第{version - 1}版"
            note(found, "supersedes", "supersedes.previous", zh, f"must be version {version - 1} of the same type")


@_rule("cause", "version_no")
def _cause(r: Record, _family: FamilyRules, found: Found) -> None:
    if (r["version_no"] == 1) != (r["cause"]["event"] in _FIRST):
        zh = "第一版的事由只能是设立或存量导入，其后各版不能是"
        note(found, "cause.event", "cause.first", zh, "ESTABLISH or IMPORT_LEGACY in version 1, and only there")


@_rule("display_labels")
def _labels(r: Record, _family: FamilyRules, found: Found) -> None:
    want, got = _LABELS[r["family"]], r["display_labels"]
    if got != want:
        wrong = ", ".join(sorted(name for name in want.keys() | got.keys() if want.get(name) != got.get(name)))
        note(found, "display_labels", "labels.family", f"与主体类别不符：{wrong}", f"not this family's: {wrong}")
