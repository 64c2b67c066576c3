"""A second verifier, written from ``docs/formats.md`` alone: plain dictionaries, and no code of ``ledger``.

``judge(bundle, trust, now, …)`` gives the six verdicts as ``"verdict:reason"``. It takes files that are well-formed and
trust files that hold (the parsers have tests of their own); everything else of section 13 is here, in its order and
with its numbers. Slow and obvious; used only to check the real one.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Iterator
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

Json = dict[str, Any]
MAKES_CREDENTIAL = {"ESTABLISH", "IMPORT_LEGACY", "MOVE_ACCEPT", "CHANGE", "REISSUE", "CORRECT", "ANNUL_PARTIAL"}
FAILURES = ("deregistered", "annulled", "revoked", "moved", "voided", "superseded")
GRAVEST = (*FAILURES, "liquidating", "moving", "suspended", "flagged", "active")
ZERO = bytes(32)


class Answer(Exception):  # noqa: N818 a verdict, not an error
    """The verdict of a step, on its way out."""


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def leaf_of(entry: Json) -> bytes:
    return sha(b"\0", canonical(entry))


def subject_of(type_code: str, uscc: str) -> bytes:
    return sha(b"tongban/subject/v1\0license\0", type_code.encode(), b"\0", uscc.encode())


def moment(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")


def inclusion_root(leaf: bytes, index: int, size: int, siblings: list[bytes]) -> bytes | None:
    """RFC 9162, section 2.1.3.2; None where it says fail."""
    node, last = leaf, size - 1
    if index >= size:
        return None
    for sibling in siblings:
        if last == 0:
            return None
        if index & 1 or index == last:
            node = sha(b"\1", sibling, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = sha(b"\1", node, sibling)
        index, last = index >> 1, last >> 1
    return node if last == 0 else None


def state_holds(root: bytes, key: bytes, value: bytes | None, proof: Json) -> bool:
    """Section 6; value None: absence."""
    siblings = [bytes.fromhex(text) for text in proof["siblings"]]
    if (siblings and siblings[0] == ZERO) or (value is None) == (proof["end"] == "present"):
        return False
    node = ZERO if value is None else sha(b"\2", key, value)
    bits = f"{int.from_bytes(key, 'big'):0256b}"
    if proof["end"] == "other":
        other, held = bytes.fromhex(proof["other_key"]), bytes.fromhex(proof["other_value"])
        other_bits = f"{int.from_bytes(other, 'big'):0256b}"
        if other == key or held == ZERO or other_bits[: len(siblings)] != bits[: len(siblings)]:
            return False
        node = sha(b"\2", other, held)
    for number, sibling in enumerate(siblings):
        right = bits[len(siblings) - 1 - number] == "1"
        node = sha(b"\3", sibling, node) if right else sha(b"\3", node, sibling)
    return node == root


def standing(key: Json, index: int) -> str:
    """Section 8."""
    if key["compromised_from"] != -1 and index >= key["compromised_from"]:
        return "disowned"
    if index < key["from_size"] or (key["until_size"] != -1 and index >= key["until_size"]):
        return "not entitled"
    return "entitled"


class Judge:
    def __init__(self, bundle: Json, trust: Json | None) -> None:
        self.bundle, self.trust, self.anchor = bundle, trust, bundle["anchor"]
        members = trust["members"] if trust else []
        self.member = next((item for item in members if item["member"] == self.anchor["member"]), None)
        self.listed: Json | None = None
        self.text, _, line = bundle["checkpoint"].rpartition("\n\n")
        self.origin, size, root = self.text.split("\n")
        self.size, self.root = int(size), base64.b64decode(root)
        note = base64.b64decode(line.split(" ")[2])
        self.key_hash, self.note_signature = note[:4], note[4:]
        self.anchored = self.ask(self.step_1)
        self.logged = self.ask(self.step_2)

    def ask(self, step: Any) -> str:
        try:
            return str(step())
        except Answer as answer:
            return str(answer)

    def known(self) -> Json:
        if self.trust is None:
            raise Answer("unknown:no-trust-file")
        if self.member is None:
            raise Answer("unknown:member-unknown")
        found: Json = self.member
        return found

    def head(self, member: Json) -> tuple[int, str]:
        live = [item for item in member["anchors"] if not item["disowned"]]
        live = live or ([member["adopted"]] if "adopted" in member else [])
        return (live[-1]["size"], live[-1]["digest"]) if live else (0, member["log"])

    def step_1(self) -> str:
        member, claimed = self.known(), self.anchor
        history = ([member["adopted"]] if "adopted" in member else []) + member["anchors"]
        self.listed = next((item for item in history if item["seq"] == claimed["seq"]), None)
        if self.listed is None:
            if history and claimed["seq"] < history[0]["seq"]:
                raise Answer("unknown:anchor-unlisted")
            size, digest = self.head(member)
            following = history[-1]["seq"] + 1 if history else claimed["seq"]
            same_epoch = claimed["epoch"] == member["epoch"]
            unlinked = claimed["seq"] == following and claimed["previous"] != digest
            if claimed["epoch"] < member["epoch"] or (same_epoch and (claimed["size"] <= size or unlinked)):
                raise Answer("failed:anchor-differs")
            raise Answer("unknown:trust-older")
        words = [bytes.fromhex(claimed["previous"])]
        words += [claimed[name].to_bytes(32, "big") for name in ("member", "epoch", "seq", "size")]
        words += [bytes.fromhex(claimed[name]) for name in ("log_root", "state_root")]
        if sha(*words).hex() != self.listed["digest"]:
            raise Answer("failed:anchor-differs")
        if self.listed.get("disowned"):
            raise Answer("failed:anchor-disowned")
        assert self.trust is not None
        return "ok:anchored-embedded" if self.trust["chain"]["embedded"] else "ok:anchored"

    def places(self) -> list[Json]:
        if self.bundle["type"] == "license":
            return [self.bundle["issued"], self.bundle["current"]]
        return list(self.bundle.get("entries", []))

    def entries(self) -> list[Json]:
        return [place["entry"] for place in self.places()]

    def step_2(self) -> str:
        log = self.origin.removeprefix("tongban-ledger/")
        owners = {item["log"]: item["member"] for item in (self.trust or {"members": []})["members"]}
        mine = self.member is None or self.member["log"] == log
        if {entry["log"] for entry in self.entries()} - {log} or not mine:
            raise Answer("failed:wrong-log")
        if owners.get(log, self.anchor["member"]) != self.anchor["member"]:
            raise Answer("failed:wrong-log")
        if (self.size, self.root.hex()) != (self.anchor["size"], self.anchor["log_root"]):
            raise Answer("failed:checkpoint-differs")
        if not self.included():
            raise Answer("failed:not-included")
        if not self.coherent():
            raise Answer("failed:entries-incoherent")
        keys = [key for key in self.known()["keys"] if key["purpose"] == 3 and self.hashes_to(key)]
        if not keys:
            raise Answer(("failed" if self.anchored.startswith("ok") else "unknown") + ":key-unknown")
        verifying = [key for key in keys if self.signed_by(key)]
        if not verifying:
            raise Answer("failed:checkpoint-invalid")
        if standing(verifying[0], self.anchor["size"] - 1) != "entitled":
            raise Answer("failed:checkpoint-key")
        return "ok:logged"

    def included(self) -> bool:
        for place in self.places():
            siblings = [bytes.fromhex(text) for text in place["inclusion"]]
            if inclusion_root(leaf_of(place["entry"]), place["index"], self.size, siblings) != self.root:
                return False
        return True

    def coherent(self) -> bool:
        if self.bundle["type"] == "absence":
            return True
        if self.bundle["type"] == "license":
            return self.pair_coherent(self.bundle["issued"], self.bundle["current"])
        entries, places = self.entries(), self.places()
        rising = all(one["index"] < two["index"] for one, two in itertools.pairwise(places))
        return rising and entries[0]["n"] == 0 and all(self.follows(*pair) for pair in itertools.pairwise(entries))

    def pair_coherent(self, issued: Json, current: Json) -> bool:
        first, last = issued["entry"], current["entry"]
        if first["subject"] != last["subject"] or first["event"] not in MAKES_CREDENTIAL:
            return False
        if first["n"] == last["n"]:
            return bool(first == last and issued["index"] == current["index"])
        return bool(
            last["n"] > first["n"]
            and current["index"] > issued["index"]
            and moment(last["recorded"]) >= moment(first["recorded"])
            and (last["n"] > first["n"] + 1 or last["prev"] == leaf_of(first).hex())
            and last["version"] >= first["version"]
            and (last["version"] == first["version"]) == (last["digest"] == first["digest"])
            and (last["event"] not in MAKES_CREDENTIAL or last["version"] > first["version"])
        )

    def follows(self, first: Json, last: Json) -> bool:
        linked = last["subject"] == first["subject"] and last["n"] == first["n"] + 1
        if not linked or last["prev"] != leaf_of(first).hex() or moment(last["recorded"]) < moment(first["recorded"]):
            return False
        if last["event"] in MAKES_CREDENTIAL:
            jump = last["event"] == "MOVE_ACCEPT" and last["version"] > first["version"]
            return bool(last["version"] == first["version"] + 1 or jump)
        return bool((last["version"], last["digest"]) == (first["version"], first["digest"]))

    def hashes_to(self, key: Json) -> bool:
        return sha(self.origin.encode(), b"\n\1", bytes.fromhex(key["public"]))[:4] == self.key_hash

    def signed_by(self, key: Json) -> bool:
        try:
            public = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(key["public"]))
            public.verify(self.note_signature, f"{self.text}\n".encode())
        except InvalidSignature:
            return False
        return True

    # --- the credential -----------------------------------------------------------------------------------------------

    def jwt(self) -> tuple[Json, Json, list[str]]:
        jwt, *disclosures, _ = self.bundle["credential"].split("~")
        header, payload, _ = (json.loads(unb64url(part)) if part else {} for part in (*jwt.split(".")[:2], ""))
        return header, payload, disclosures

    def step_3(self) -> str:
        if self.bundle["type"] != "license":
            return "ok:no-credential"
        header, payload, disclosures = self.jwt()
        jwt, entry = self.bundle["credential"].split("~")[0], self.bundle["issued"]["entry"]
        places = set(payload["_sd"]) | {head["..."] for head in payload["heads"]}
        digests = [base64.urlsafe_b64encode(sha(text.encode())).decode().rstrip("=") for text in disclosures]
        if set(digests) - places or len(set(digests)) != len(digests):
            raise Answer("failed:disclosure-mismatch")
        if "sha256:" + sha(jwt.encode()).hex() != entry["digest"]:
            raise Answer("failed:digest-mismatch")
        if not self.agrees(payload, disclosures, entry):
            raise Answer("failed:claims-mismatch")
        key = next((item for item in self.known()["keys"] if item["id"] == header["kid"]), None)
        if key is None:
            raise Answer("unknown:key-unknown")
        if not self.es256(bytes.fromhex(key["public"]), jwt):
            raise Answer("failed:signature-invalid")
        return "ok:intact"

    def agrees(self, payload: Json, disclosures: list[str], entry: Json) -> bool:
        if (
            payload["iss"] != f"urn:tongban:member:{self.anchor['member']:06d}"
            or payload["version"] != entry["version"]
        ):
            return False
        for _, *rest in (json.loads(unb64url(text)) for text in disclosures):
            name, value = rest if len(rest) == 2 else (None, rest[0])
            if name == "uscc" and subject_of(payload["license_type"], value).hex() != entry["subject"]:
                return False
            organ = {"code": value["code"], "division": value["division"]["code"]} if name == "authority" else None
            if organ is not None and organ != entry["authority"]:
                return False
            if name == "cert_identifier":
                parts = value.split(".")
                if (parts[-5], int(parts[-2])) != (payload["license_type"], payload["version"]):
                    return False
        return True

    def es256(self, public: bytes, jwt: str) -> bool:
        signed, _, encoded = jwt.rpartition(".")
        signature = unb64url(encoded)
        der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        try:
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
            key.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
        except (ValueError, InvalidSignature):
            return False
        return True

    # --- issuer, status, freshness ------------------------------------------------------------------------------------

    def step_4(self) -> str:
        member, key, index = self.known(), None, self.anchor["size"] - 1
        if self.bundle["type"] == "license":
            key = next((item for item in member["keys"] if item["id"] == self.jwt()[0]["kid"]), None)
            if key is None:
                raise Answer(("failed" if self.anchored.startswith("ok") else "unknown") + ":key-unknown")
            if key["purpose"] != 1:
                raise Answer("failed:key-purpose")
        if any(entry["authority"]["division"][:2] != str(member["member"])[:2] for entry in self.entries()):
            raise Answer("failed:authority-outside")
        self.needs()
        if key is not None:
            index = self.bundle["issued"]["index"]
            found = standing(key, index)
            if found != "entitled":
                raise Answer("failed:key-disowned" if found == "disowned" else "failed:key-not-entitled")
        history = ([member["adopted"]] if "adopted" in member else []) + member["anchors"]
        first = next(item for item in history if not item.get("disowned") and item["size"] > index)
        out = any(
            start < first["block"] and (end == -1 or first["block"] < end) for start, end in member["suspensions"]
        )
        if out or first["block"] < member["admitted"]:
            raise Answer("failed:member-suspended")
        return "ok:entitled"

    def needs(self) -> None:
        if not self.anchored.startswith("ok"):
            raise Answer("unknown:needs-anchored")
        if not self.logged.startswith("ok"):
            raise Answer("unknown:needs-logged")

    def state(self) -> bool:
        root = bytes.fromhex(self.anchor["state_root"])
        if self.bundle["type"] == "absence":
            subject = subject_of(self.bundle["license_type"], self.bundle["uscc"])
            return state_holds(root, subject, None, self.bundle["state"])
        newest = self.entries()[-1]
        return state_holds(root, bytes.fromhex(newest["subject"]), leaf_of(newest), self.bundle["state"])

    def step_5(self, now: dt.datetime, min_basis: str) -> str:
        if not self.state():
            raise Answer("failed:state-proof")
        self.needs()
        witnesses = len((self.listed or {}).get("witnesses", []))
        demanded = {"issuer": 0, "replayed": 10**9}.get(min_basis) or int(min_basis.partition(":")[2] or 0)
        if witnesses < demanded:
            raise Answer("unknown:basis-too-low")
        if self.bundle["type"] == "absence":
            return "ok:never-issued"
        reason = next(word for word in GRAVEST if word in set(self.words(now)))
        return ("failed:" if reason in FAILURES else "ok:") + reason

    def words(self, now: dt.datetime) -> Iterator[str]:
        newest, status = self.entries()[-1], self.entries()[-1]["status"]
        today = now.astimezone(dt.timezone(dt.timedelta(hours=8))).date().isoformat()
        subject = status["subject"]
        if subject == "suspended" and "until" in newest and today > newest["until"]:
            subject = "active"
            status = status | {"flags": [flag for flag in status["flags"] if flag != "SUSPEND_ADDRESS"]}
        others = [status["version"]] if status["version"] != "current" else []
        if self.bundle["type"] == "license" and self.bundle["issued"]["entry"]["version"] < newest["version"]:
            others.append("superseded")
        yield from others
        yield "flagged" if subject == "active" and status["flags"] and not others else subject

    def step_6(self, now: dt.datetime, max_age: dt.timedelta) -> str:
        if not self.anchored.startswith("ok"):
            raise Answer("unknown:needs-anchored")
        assert self.listed is not None
        age = now - moment(self.listed["time"])
        if age < -dt.timedelta(minutes=5):
            raise Answer("unknown:from-the-future")
        return "ok:fresh" if age <= max_age else "failed:stale"


def judge(
    bundle: bytes, trust: bytes, now: dt.datetime, *, max_age: dt.timedelta, min_basis: str = "issuer"
) -> dict[str, str]:
    """The six verdicts, each ``verdict:reason``; ``trust`` is empty where there is none."""
    case = Judge(json.loads(bundle), json.loads(trust.split(b"\n")[1]) if trust else None)
    return {
        "integrity": case.ask(case.step_3),
        "issuer": case.ask(case.step_4),
        "logged": case.logged,
        "anchored": case.anchored,
        "status": case.ask(lambda: case.step_5(now, min_basis)),
        "freshness": case.ask(lambda: case.step_6(now, max_age)),
    }
