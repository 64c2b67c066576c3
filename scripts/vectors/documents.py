"""Vectors of canonical JSON and of log entries."""

from __future__ import annotations

import json
from typing import Any

from ledger import canonical, entry
from ledger.merkle import leaf_hash
from scripts.vectors.common import Cases, bad, digest, good


def canonical_cases() -> Cases:
    """Documents that are, or are not, in canonical form."""
    accepted = {
        "empty-object": ("an empty object", "{}"),
        "empty-array": ("an empty array", "[]"),
        "sorted-keys": ("keys in code point order: digits, capitals, small letters", '{"1":1,"A":2,"a":3,"aa":4}'),
        "chinese": ("text is UTF-8, not escaped", '{"name":"重庆样例有限公司"}'),
        "short-escapes": ("the seven two-character escapes", '"\\b\\t\\n\\f\\r\\"\\\\"'),
        "control-escape": ("other control characters as lower-case \\u00xx", '"\\u0000\\u001f"'),
        "delete-is-not-escaped": ("U+007F and U+2028 stand as they are", '"\x7f\u2028"'),
        "astral": ("characters beyond U+FFFF stand as they are", '"\U0001f600"'),
        "largest-integer": ("2^53 - 1", "9007199254740991"),
        "smallest-integer": ("-(2^53 - 1)", "-9007199254740991"),
        "booleans": ("true and false", "[true,false]"),
        "deepest": ("32 arrays inside one another", "[" * 32 + "]" * 32),
    }
    refused = {
        "null": ("null is not used", "null"),
        "float": ("not an integer", "1.5"),
        "integral-float": ("1.0 is another spelling of 1", "1.0"),
        "exponent": ("1e2 is another spelling of 100", "1e2"),
        "minus-zero": ("-0 is another spelling of 0", "-0"),
        "leading-zero": ("01 is not JSON", "01"),
        "plus": ("+1 is not JSON", "+1"),
        "underscore": ("1_0 is not JSON, although Python's int() reads it", "1_0"),
        "too-large": ("2^53", "9007199254740992"),
        "too-small": ("-2^53", "-9007199254740992"),
        "nan": ("NaN is not JSON", "NaN"),
        "unsorted-keys": ("keys out of order", '{"b":1,"a":2}'),
        "duplicate-key": ("the same key twice", '{"a":1,"a":1}'),
        "key-not-ascii": ("a key that is not ASCII", '{"é":1}'),
        "space": ("a space", '{"a": 1}'),
        "newline-at-end": ("a trailing newline", "{}\n"),
        "trailing-garbage": ("something after the value", "{}x"),
        "two-values": ("two values", "{}{}"),
        "trailing-comma": ("a trailing comma", "[1,]"),
        "escaped-letter": ("a letter written as an escape", '"\\u0061"'),
        "escaped-solidus": ("an escaped solidus", '"\\/"'),
        "escaped-chinese": ("Chinese written as escapes", '"\\u91cd"'),
        "capital-hex-escape": ("a control character with capital hex digits", '"\\u001F"'),
        "lone-surrogate": ("a lone surrogate", '"\\ud800"'),
        "raw-control": ("a raw control character", '"\x01"'),
        "too-deep": ("33 arrays inside one another", "[" * 33 + "]" * 33),
        "byte-order-mark": ("a byte order mark", "\ufeff{}"),
        "empty": ("no bytes", ""),
    }
    cases = {name: good(desc, input=text) for name, (desc, text) in accepted.items()}
    cases |= {name: bad(desc, "FormatError", input=text) for name, (desc, text) in refused.items()}
    cases["not-utf-8"] = bad("bytes that are not UTF-8", "FormatError", inputHex=b'"\xff"'.hex())
    cases["utf-16"] = bad("UTF-16", "FormatError", inputHex="{}".encode("utf-16").hex())
    return cases


def sample_entry(**changes: Any) -> dict[str, Any]:
    """The object of a good license entry; a change of ``...`` takes a field away."""
    obj: dict[str, Any] = {
        "v": 1,
        "log": entry.log_id(500000, digest("log nonce")).hex(),
        "kind": "license",
        "event": "CHANGE",
        "subject": entry.license_subject("11100000MB0143028R001", "91500000202833134T").hex(),
        "n": 1,
        "prev": digest("entry 0").hex(),
        "digest": "sha256:" + digest("credential 2").hex(),
        "version": 2,
        "status": {"version": "current", "subject": "active", "flags": []},
        "authority": {"code": "11500000009275788X", "division": "500000"},
        "effective": "2026-11-22",
        "recorded": "2026-11-22T08:00:00Z",
    }
    return {name: value for name, value in (obj | changes).items() if value is not ...}


def entry_cases() -> Cases:
    """Entries of every kind, and one wrong thing at a time."""
    track = {"v": 1, "log": sample_entry()["log"], "subject": digest("case").hex(), "recorded": "2026-11-22T08:00:00Z"}
    accepted: dict[str, tuple[str, dict[str, Any], str]] = {
        "change": ("a change", sample_entry(), "license"),
        "establish": ("a first entry", sample_entry(event="ESTABLISH", n=0, prev=..., version=1), "license"),
        "suspended": (
            "a suspension with its last day",
            sample_entry(
                event="SUSPEND",
                until="2027-11-21",
                status={"version": "current", "subject": "suspended", "flags": ["ABNORMAL_LIST", "SUSPEND_ADDRESS"]},
            ),
            "license",
        ),
        "move-accept": (
            "a licence that moved in",
            sample_entry(event="MOVE_ACCEPT", n=0, prev=..., **{"from": {"log": "aa" * 32, "leaf": "bb" * 32}}),
            "license",
        ),
        "erase": ("an erasure", sample_entry(event="ERASE", erased=[1, 2]), "license"),
        "commit": ("with a commitment", sample_entry(commit="sha256:" + digest("salted").hex()), "license"),
        "case": ("a step of a case", track | {"kind": "case", "event": "ACCEPT", "n": 0}, "case"),
        "exchange": (
            "an exchange",
            track | {"kind": "exchange", "event": "ANSWER", "n": 1, "prev": "cc" * 32},
            "exchange",
        ),
        "heartbeat": (
            "a heartbeat",
            {"v": 1, "log": track["log"], "kind": "heartbeat", "recorded": track["recorded"]},
            "heartbeat",
        ),
        "unknown-kind": ("hashed, not guessed", {"v": 1, "kind": "permit"}, "unknown"),
        "unknown-version": ("hashed, not guessed", sample_entry(v=2), "unknown"),
    }
    cases = {}
    for name, (desc, obj, kind) in accepted.items():
        text = canonical.dumps(obj)
        cases[name] = good(desc, input=text.decode(), kind=kind, leafHash=leaf_hash(text).hex())
    for name, (desc, changes) in _bad_entries().items():
        cases[name] = bad(desc, "FormatError", input=canonical.dumps(sample_entry(**changes)).decode())
    cases["spaces"] = bad("not canonical", "FormatError", input=json.dumps(sample_entry()))
    return cases


def _bad_entries() -> dict[str, tuple[str, dict[str, Any]]]:
    status = {"version": "current", "subject": "active", "flags": []}
    return {
        "no-prev": ("n is 1, but prev is missing", {"prev": ...}),
        "prev-at-0": ("n is 0, but prev is there", {"n": 0, "event": "ESTABLISH"}),
        "first-event-later": ("ESTABLISH can only be a subject's first entry", {"event": "ESTABLISH"}),
        "later-event-first": ("CHANGE cannot be a subject's first entry", {"n": 0, "prev": ...}),
        "unknown-field": ("a field that is not of the format", {"name": "x"}),
        "no-digest": ("a field is missing", {"digest": ...}),
        "digest-without-algorithm": ("the digest's prefix is missing", {"digest": digest("x").hex()}),
        "digest-sm3": ("an algorithm that is not in use yet", {"digest": "sm3:" + digest("x").hex()}),
        "digest-capitals": ("hex in capitals", {"digest": "sha256:" + digest("x").hex().upper()}),
        "subject-short": ("31 bytes", {"subject": digest("x").hex()[:-2]}),
        "n-boolean": ("true is not 1", {"n": True}),
        "n-negative": ("n is negative", {"n": -1}),
        "version-0": ("versions begin with 1", {"version": 0}),
        "version-1000": ("versions have three digits at most", {"version": 1000}),
        "unknown-event": ("an event that is not in the table", {"event": "RENAME"}),
        "unknown-status": ("a status that is not in the table", {"status": status | {"subject": "closed"}}),
        "flags-unsorted": ("flags are sorted", {"status": status | {"flags": ["SERIOUS_ILLEGAL", "ABNORMAL_LIST"]}}),
        "flags-repeated": ("a flag stands once", {"status": status | {"flags": ["ABNORMAL_LIST"] * 2}}),
        "effective-after-recorded": ("the day after it was recorded, in Beijing", {"effective": "2026-11-23"}),
        "no-such-day": ("30 February", {"effective": "2026-02-30"}),
        "recorded-with-offset": ("times are in UTC, with Z", {"recorded": "2026-11-22T16:00:00+08:00"}),
        "from-without-move": ("from stands on MOVE_ACCEPT only", {"from": {"log": "aa" * 32, "leaf": "bb" * 32}}),
        "erased-without-erase": ("erased stands on ERASE only", {"erased": [1]}),
        "erased-unsorted": ("versions ascend", {"event": "ERASE", "erased": [2, 1]}),
        "authority-code": ("not a credit code", {"authority": {"code": "1", "division": "500000"}}),
    }
