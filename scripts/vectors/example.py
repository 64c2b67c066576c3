"""The two parts of ``docs/formats.md`` that the code knows better than a person: the reasons, and the worked example.

    python -m scripts.vectors.example         write them into the document

The example is the vector ``bundle/license-suspended`` (its issuing entry is not its newest one), step by step.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ledger import bundle
from ledger.bundle.verdicts import REASONS
from ledger.directory import anchor_digest
from ledger.encoding import timestamp
from ledger.entry import license_subject
from ledger.merkle import root_from_inclusion
from ledger.merkle.note import key_hash
from scripts.vectors.bundles import SHOWN, told
from tests.builders import SUSPENDED, TYPE_CODE, seed

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "formats.md"


def reasons() -> str:
    """The table of reasons."""
    lines = ["| reason | means | in words |", "|---|---|---|"]
    for code, (answer, zh, en) in REASONS.items():
        lines.append(f"| `{code}` | {answer or 'failed or unknown'} | {zh} · {en} |")
    return "\n".join(lines)


def example() -> str:
    """The worked example."""
    world, cq, _ = told()
    found = cq.license_bundle(SUSPENDED, disclose=SHOWN)
    anchor, issued, current = found.anchor, found.issued, found.current
    signed = found.checkpoint
    signature_input = found.credential.jwt.rpartition(".")[0]
    words = b"".join(
        (
            anchor.previous,
            *(number.to_bytes(32, "big") for number in (anchor.member, anchor.epoch, anchor.seq, anchor.size)),
            anchor.log_root,
            anchor.state_root,
        )
    )
    nonce = seed("log", cq.code)
    lines = [
        "The vector [bundle/license-suspended](../tests/vectors/bundle/license-suspended.json): a licence established,",
        "then suspended. Every value can be recomputed from that file.",
        "",
        "**Identities.** The log of member 500000 was made with the nonce",
        *_block(nonce.hex()),
        "so its id is `H` of `746f6e6762616e2f6c6f672f7631 00 0007a120` and the nonce, and the subject `H` of",
        f"`tongban/subject/v1`, 00, `license`, 00, `{TYPE_CODE}`, 00, `{SUSPENDED}`:",
        *_block(f"log     {cq.log.hex()}", f"subject {license_subject(TYPE_CODE, SUSPENDED).hex()}"),
        f"**Entries.** `issued.entry` ({len(issued.held.data)} bytes) and `current.entry` ({len(current.held.data)}):",
        *_block(issued.held.data.decode(), current.held.data.decode()),
        "Their leaf hashes, `H(00 ‖ entry)`; the first one is `prev` of the second:",
        *_block(f"issued  {issued.held.leaf.hex()}", f"current {current.held.leaf.hex()}"),
        f"**Log.** `current` is entry {current.index} of {anchor.size}. Its inclusion proof",
        *_block(*(sibling.hex() for sibling in current.inclusion)),
        "leads to the root that anchor and checkpoint have:",
        *_block(root_from_inclusion(current.held.leaf, current.index, anchor.size, current.inclusion).hex()),
        "**Checkpoint.** The signed text, and after a blank line the signature line:",
        *_block(*signed.data.rstrip("\n").split("\n")),
        "The key is the member's checkpoint key, whose hash is the first 4 bytes of `H(name ‖ 0A ‖ 01 ‖ key)`:",
        *_block(
            f"key      {cq.checkpoint_key.public.hex()}",
            f"key hash {key_hash(signed.checkpoint.origin, cq.checkpoint_key.public).hex()}",
        ),
        "**State map.** The leaf `H(02 ‖ subject ‖ leaf hash of current)` is",
        *_block(hashlib.sha256(b"\x02" + current.entry.subject + current.held.leaf).hexdigest()),
        f"The subject begins with the bits {_bits(current.entry.subject, len(found.state.siblings))}. The siblings,",
        "deepest first, lead from the leaf to the state root of the anchor:",
        *_block(*(sibling.hex() for sibling in found.state.siblings)),
        *_block(anchor.state_root.hex()),
        "**Anchor.** Seven words, and the digest that the trust file lists for member 500000, seq 2:",
        *_block(*(words[start : start + 32].hex() for start in range(0, len(words), 32))),
        *_block(_digest(anchor)),
        "**Credential.** The key (compressed P-256) and its id, which is `kid`:",
        *_block(cq.credential_key.public.hex(), found.claims.kid.hex()),
        f"`H` of header.payload ({len(signature_input)} characters) is what ES256 signs; `H` of",
        "header.payload.signature is `digest` in both entries:",
        *_block(hashlib.sha256(signature_input.encode()).hexdigest(), found.credential.digest.hex()),
        "The first disclosure, and its digest, which stands in `_sd`:",
        *_block(found.credential.disclosures[0], found.claims.disclosures[0].digest),
        f"At {timestamp(world.now)} all six verdicts are ok; the status is `suspended`, its basis `witnessed:1`.",
    ]
    return "\n".join(lines)


def _block(*lines: str) -> list[str]:
    return ["```", *lines, "```"]


def _bits(key: bytes, count: int) -> str:
    return f"{int.from_bytes(key, 'big'):0256b}"[:count]


def _digest(anchor: bundle.BundleAnchor) -> str:
    numbers = (anchor.member, anchor.epoch, anchor.seq, anchor.size)
    return anchor_digest(anchor.previous, *numbers, anchor.log_root, anchor.state_root).hex()


def rewrite(document: str) -> str:
    """The document with both parts as they are now."""
    for name, text in (("reasons", reasons()), ("example", example())):
        before, start, rest = document.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        if not start or not end:
            raise ValueError(f"no place for the {name}")
        document = f"{before}{start}{text}\n{end}{after}"
    return document


if __name__ == "__main__":
    DOCUMENT.write_text(rewrite(DOCUMENT.read_text("utf-8")), "utf-8")
