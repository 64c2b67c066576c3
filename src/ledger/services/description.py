"""What a node tells the others of itself, and what a consortium is told of a log's past: two small public files.

``member.json`` describes a member to those who found a registry with it or admit it; ``adopt.json`` describes the head
of a log on a predecessor registry. Both are canonical JSON, and nothing in them is secret.

What it leaves out: whether any of it is true. Those who vote compare it with what they know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger import canonical
from ledger.chain.calls import Founder
from ledger.encoding import parse_decimal, parse_hex
from ledger.errors import FormatError
from ledger.keystore import KeyName

if TYPE_CHECKING:
    from ledger.services.node import Node

_DESCRIPTION = {"v", "member", "admin", "anchorer", "log", "endpoint"}
_ADOPTION = {"v", "chain_id", "registry", "epoch", "seq", "size", "log_root", "state_root", "digest"}


def founder(node: Node, endpoint: str) -> Founder:
    """A node as a founder of a registry."""
    return Founder(
        node.settings.member,
        node.keys.address(KeyName.ADMIN),
        node.keys.address(KeyName.ANCHORER),
        node.settings.log,
        endpoint,
    )


def describe(node: Node, endpoint: str) -> dict[str, Any]:
    """What others need to admit this member: nothing in it is secret."""
    made = founder(node, endpoint)
    return {
        "v": 1,
        "member": made.member,
        "admin": made.admin.hex(),
        "anchorer": made.anchorer.hex(),
        "log": made.log_id.hex(),
        "endpoint": endpoint,
    }


def parse_description(data: bytes) -> Founder:
    """Read a member's description, ``member.json``.

    Raises:
        FormatError: it is not exactly one.
    """
    obj = canonical.loads_object(data)
    if set(obj) != _DESCRIPTION or obj["v"] != 1:
        raise FormatError(f"a member's description has exactly {', '.join(sorted(_DESCRIPTION))}")
    if type(obj["member"]) is not int or not isinstance(obj["endpoint"], str):
        raise FormatError("member is a province code, endpoint a URL or empty")
    return Founder(
        obj["member"],
        parse_hex(obj["admin"], 20),
        parse_hex(obj["anchorer"], 20),
        parse_hex(obj["log"], 32),
        obj["endpoint"],
    )


def adoption_arguments(data: bytes, member: int) -> tuple[int, bytes, tuple[int, int, int, int, bytes, bytes], bytes]:
    """Read ``adopt.json``: the head that a log had on a predecessor registry.

    Args:
        data: the file's content.
        member: whose log it is.

    Returns:
        The arguments of an ADOPT payload: chain id, registry, anchor struct, digest.

    Raises:
        FormatError: it is not exactly such a description.
    """
    obj = canonical.loads_object(data)
    if set(obj) != _ADOPTION or obj["v"] != 1:
        raise FormatError(f"an adoption has exactly {', '.join(sorted(_ADOPTION))}")
    numbers = [obj[name] for name in ("epoch", "seq", "size")]
    if any(type(number) is not int or number < 0 for number in numbers):
        raise FormatError("epoch, seq and size are numbers")
    epoch, seq, size = numbers
    head = (member, epoch, seq, size, parse_hex(obj["log_root"], 32), parse_hex(obj["state_root"], 32))
    return parse_decimal(obj["chain_id"]), parse_hex(obj["registry"], 20), head, parse_hex(obj["digest"], 32)
