"""The contract's words: the committed artifact, calls encoded, answers, events and errors decoded.

eth-abi does the encoding; around it stands what it is lenient about: a ``bytes32`` of 31 bytes is refused here, not
padded.

What it leaves out: asking the chain (``registry``), and what an event does (``ledger.directory``).
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.abi import collapse_if_tuple
from eth_utils.crypto import keccak

from ledger.errors import ContractRevertedError, FormatError

_ERROR_STRING = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")
_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_FIXED_BYTES = re.compile(r"bytes([0-9]+)")


@dataclass(frozen=True, slots=True)
class Parameters:
    """Names (snake case) and canonical types of a list of parameters, and which are indexed."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    indexed: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """A function, event or error of the contract. ``selector`` is 4 bytes, 32 for an event."""

    name: str
    selector: bytes
    inputs: Parameters
    outputs: Parameters


class Abi:
    """One contract's ABI."""

    def __init__(self, entries: Sequence[dict[str, Any]]) -> None:
        words = [(entry["type"], _word(entry)) for entry in entries if entry["type"] in ("function", "event", "error")]
        self.functions = {word.name: word for kind, word in words if kind == "function"}
        self.events = {word.selector: word for kind, word in words if kind == "event"}
        self.errors = {word.selector: word for kind, word in words if kind == "error"}
        constructors = [entry for entry in entries if entry["type"] == "constructor"]
        self.constructor = _parameters(constructors[0]["inputs"]) if constructors else Parameters((), (), ())

    def encode(self, function: str, arguments: Sequence[Any]) -> bytes:
        """Calldata of a call.

        Raises:
            FormatError: an argument does not fit its type.
        """
        word = self.functions[function]
        return word.selector + encode(word.inputs.types, arguments)

    def encode_constructor(self, arguments: Sequence[Any]) -> bytes:
        """What stands after the bytecode in a creating transaction.

        Raises:
            FormatError: an argument does not fit its type.
        """
        return encode(self.constructor.types, arguments)

    def decode(self, function: str, answer: bytes) -> tuple[Any, ...]:
        """What a call returned.

        Raises:
            FormatError: the bytes are no such answer.
        """
        return decode(self.functions[function].outputs.types, answer)

    def event(self, topics: Sequence[bytes], data: bytes) -> tuple[str, dict[str, Any]]:
        """An event's name and values by name.

        Raises:
            FormatError: it is none of this contract's events.
        """
        word = self.events.get(topics[0]) if topics else None
        if word is None:
            raise FormatError(f"unknown event {topics[0].hex() if topics else 'without topic'}")
        inputs = word.inputs
        plain = tuple(kind for kind, indexed in zip(inputs.types, inputs.indexed, strict=True) if not indexed)
        if len(topics) - 1 != len(inputs.types) - len(plain):
            raise FormatError(f"{word.name} with {len(topics)} topics")
        in_topics, in_data = iter(topics[1:]), iter(decode(plain, data))
        values = (
            decode((kind,), next(in_topics))[0] if indexed else next(in_data)
            for kind, indexed in zip(inputs.types, inputs.indexed, strict=True)
        )
        return word.name, dict(zip(inputs.names, values, strict=True))

    def revert(self, data: bytes) -> ContractRevertedError:
        """The error that a revert's bytes stand for; ``unknown`` if they are none of this contract's."""
        selector, rest = data[:4], data[4:]
        try:
            if selector == _ERROR_STRING:
                return ContractRevertedError("Error", {"message": decode(("string",), rest)[0]})
            if selector == _PANIC:
                return ContractRevertedError("Panic", {"code": decode(("uint256",), rest)[0]})
            word = self.errors[selector]
            values = decode(word.inputs.types, rest)
        except (KeyError, FormatError):
            return ContractRevertedError("unknown", {"data": data} if data else {})
        return ContractRevertedError(word.name, dict(zip(word.inputs.names, values, strict=True)))


@dataclass(frozen=True, slots=True)
class Artifact:
    """What the compiler made of the contract.

    Attributes:
        abi: its words.
        bytecode: what a creating transaction carries, before the constructor's arguments.
        deployed: what then stands on the chain.
        compiler: version of the compiler.
    """

    abi: Abi
    bytecode: bytes
    deployed: bytes
    compiler: str


@functools.cache
def artifact() -> Artifact:
    """The registry contract that this version of the package belongs to."""
    text = resources.files("ledger.chain").joinpath("artifacts/LicenseRegistry.json").read_text(encoding="utf-8")
    obj = json.loads(text)
    bytecode, deployed = (bytes.fromhex(obj[name].removeprefix("0x")) for name in ("bytecode", "deployedBytecode"))
    return Artifact(Abi(obj["abi"]), bytecode, deployed, obj["compiler"])


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """ABI encoding of values.

    Raises:
        FormatError: a value does not fit its type.
    """
    if len(types) != len(values):
        raise FormatError(f"{len(types)} values expected, got {len(values)}")
    for kind, value in zip(types, values, strict=True):
        _check_sizes(kind, value)
    try:
        return abi_encode(types, values)
    except (EncodingError, TypeError, ValueError) as error:
        raise FormatError(f"not encodable as ({', '.join(types)}): {error}") from error


def decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Values of an ABI encoding; addresses as 20 bytes, strings with U+FFFD for what is no UTF-8.

    Raises:
        FormatError: the bytes encode no such values.
    """
    if len(types) * 32 == len(data) and all(kind in _STATIC for kind in types):  # nearly all events; ten times faster
        return tuple(_static(kind, data[32 * place : 32 * place + 32]) for place, kind in enumerate(types))
    try:
        values = abi_decode(["bytes" if kind == "string" else kind for kind in types], data)
    except (DecodingError, ValueError, OverflowError) as error:
        raise FormatError(f"not an encoding of ({', '.join(types)}): {error}") from error
    return tuple(_plain(kind, value) for kind, value in zip(types, values, strict=True))


def _plain(kind: str, value: Any) -> Any:
    """An address as bytes; a string also where it is no UTF-8: a contract takes any bytes for one."""
    if kind == "string":
        return value.decode("utf-8", "replace")
    return bytes.fromhex(value[2:]) if kind == "address" else value


_STATIC = {"uint8": 8, "uint32": 32, "uint64": 64, "uint256": 256, "address": 160, "bytes32": 256, "bool": 1}
"""Types of one word that the contract uses, and how many bits of it may be set."""


def _static(kind: str, word: bytes) -> Any:
    value = int.from_bytes(word, "big")
    if value.bit_length() > _STATIC[kind]:
        raise FormatError(f"not a {kind}: {word.hex()}")
    if kind == "bytes32":
        return word
    if kind == "address":
        return word[12:]
    return bool(value) if kind == "bool" else value


def _check_sizes(kind: str, value: Any) -> None:
    """Refuse short ``bytesN``, which eth-abi would pad on the right."""
    if kind.endswith("[]"):
        for item in value:
            _check_sizes(kind[:-2], item)
    elif kind.startswith("("):
        for part, item in zip(_parts(kind), value, strict=True):
            _check_sizes(part, item)
    elif (fixed := _FIXED_BYTES.fullmatch(kind)) and (not isinstance(value, bytes) or len(value) != int(fixed[1])):
        raise FormatError(f"{kind} expected, got {value!r:.80}")


def _parts(kind: str) -> list[str]:
    """Types inside a flat tuple type."""
    return kind[1:-1].split(",")


def _word(entry: dict[str, Any]) -> Word:
    signature = f"{entry['name']}({','.join(collapse_if_tuple(part) for part in entry['inputs'])})"
    selector = keccak(text=signature)
    inputs, outputs = _parameters(entry["inputs"]), _parameters(entry.get("outputs", []))
    return Word(entry["name"], selector if entry["type"] == "event" else selector[:4], inputs, outputs)


def _parameters(parts: Sequence[Any]) -> Parameters:
    return Parameters(
        tuple(_CAMEL.sub(r"_\1", part["name"]).lower() for part in parts),
        tuple(collapse_if_tuple(part) for part in parts),
        tuple(bool(part.get("indexed")) for part in parts),
    )
