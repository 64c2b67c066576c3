"""The contract's words: encoded strictly, decoded strictly, and the artifact that they come from."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import directory
from ledger.chain import calls
from ledger.chain.abi import artifact, decode, encode
from ledger.directory import Action
from ledger.errors import FormatError

ADDRESS = b"\xaa" * 20


def test_artifact__paris_and_below_the_code_limit() -> None:
    found = artifact()
    assert 0 < len(found.deployed) <= 24_576, "EIP-170"
    assert 0 < len(found.bytecode) <= 49_152, "EIP-3860"
    assert found.compiler


def test_artifact__no_opcode_newer_than_paris() -> None:
    """PUSH0 (0x5f) came with Shanghai; MCOPY, TLOAD, TSTORE, BLOBHASH and BLOBBASEFEE with Cancun."""
    code, place, used = artifact().deployed, 0, set()
    while place < len(code):
        used.add(code[place])
        opcode = code[place]
        place += 1 + (opcode - 0x5F if 0x60 <= opcode <= 0x7F else 0)  # PUSH1 carries one byte, PUSH32 32
    assert not used & {0x5F, 0x5E, 0x5C, 0x5D, 0x49, 0x4A}


def test_call__selector_and_words() -> None:
    encoded = artifact().abi.encode("head", (500000,))
    assert encoded == keccak(b"head(uint32)")[:4] + (500000).to_bytes(32, "big")


def test_struct__in_the_signature() -> None:
    word = artifact().abi.functions["executeDisown"]
    anchor = "(uint32,uint64,uint64,uint64,bytes32,bytes32)"
    assert word.selector == keccak(f"executeDisown(uint256,{anchor},bytes32,{anchor},bytes32)".encode())[:4]


@pytest.mark.parametrize(
    ("types", "values"),
    [
        (["bytes32"], [bytes(31)]),
        (["bytes32"], [bytes(33)]),
        (["bytes32"], ["00" * 32]),
        (["bytes32[]"], [[bytes(32), bytes(1)]]),
        (["(uint32,bytes32)"], [(1, bytes(4))]),
        (["uint64"], [2**64]),
        (["uint64"], [-1]),
        (["uint64"], ["1"]),
        (["uint64"], [True]),
        (["address"], [bytes(19)]),
        (["uint8", "uint8"], [1]),
    ],
)
def test_encode__value_that_does_not_fit__refused(types: list[str], values: list[Any]) -> None:
    with pytest.raises(FormatError):
        encode(types, values)


@settings(max_examples=60)
@given(
    st.integers(0, 2**64 - 1), st.binary(min_size=32, max_size=32), st.binary(min_size=20, max_size=20), st.booleans()
)
def test_decode__fast_path_as_eth_abi(number: int, word: bytes, address: bytes, flag: bool) -> None:
    types = ("uint64", "bytes32", "address", "bool")
    encoded = abi_encode(types, [number, word, "0x" + address.hex(), flag])
    assert decode(types, encoded) == (number, word, address, flag)
    by_eth_abi = abi_decode(types, encoded)
    assert (number, word, "0x" + address.hex(), flag) == by_eth_abi


@pytest.mark.parametrize(
    ("types", "data"),
    [
        (("uint64",), b"\xff" * 32),
        (("address",), b"\xff" * 32),
        (("bool",), b"\x00" * 31 + b"\x02"),
        (("uint64",), bytes(31)),
        (("string",), b"\xff" * 64),
        (("bytes", "uint64"), bytes(10)),
    ],
)
def test_decode__no_such_encoding__refused(types: tuple[str, ...], data: bytes) -> None:
    with pytest.raises(FormatError):
        decode(types, data)


def test_decode__a_string_that_is_no_utf8__does_not_stop_everybody_else() -> None:
    """Any admin can set such an endpoint; an event that cannot be read would end the directory for all members."""
    topics = [keccak(b"EndpointChanged(uint32,string)"), (500000).to_bytes(32, "big")]
    name, values = artifact().abi.event(topics, abi_encode(["bytes"], [b"https://\xff"]))
    assert (name, values) == ("EndpointChanged", {"member": 500000, "endpoint": "https://\ufffd"})


def test_revert__custom_error_by_name() -> None:
    data = keccak(b"RegistryNotGrowing(uint64,uint64)")[:4] + abi_encode(["uint64", "uint64"], [3, 7])
    error = artifact().abi.revert(data)
    assert (error.name, error.arguments) == ("RegistryNotGrowing", {"size": 3, "current": 7})
    assert str(error) == "contract refused: RegistryNotGrowing(size=3, current=7)"


@pytest.mark.parametrize(
    ("data", "name", "arguments"),
    [
        (keccak(b"Error(string)")[:4] + abi_encode(["string"], ["no"]), "Error", {"message": "no"}),
        (keccak(b"Panic(uint256)")[:4] + abi_encode(["uint256"], [17]), "Panic", {"code": 17}),
        (b"", "unknown", {}),
        (b"\x01\x02\x03\x04", "unknown", {"data": b"\x01\x02\x03\x04"}),
        (keccak(b"RegistryNotGrowing(uint64,uint64)")[:4], "unknown", None),
    ],
)
def test_revert__of_other_kinds(data: bytes, name: str, arguments: dict[str, Any] | None) -> None:
    error = artifact().abi.revert(data)
    assert error.name == name
    assert error.arguments == ({"data": data} if arguments is None else arguments)


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        (Action.ADMIT, (ADDRESS, b"\xbb" * 20, bytes(31) + b"\1", "https://节点.example")),
        (Action.SUSPEND, ()),
        (Action.REINSTATE, ()),
        (Action.REPLACE_ADMIN, (ADDRESS,)),
        (Action.DISOWN, (7,)),
        (Action.ADOPT, (2**200, ADDRESS, (500000, 1, 2, 3, b"\1" * 32, b"\2" * 32), b"\3" * 32)),
    ],
)
def test_payload__there_and_back(action: Action, arguments: tuple[Any, ...]) -> None:
    assert calls.payload_arguments(action, calls.payload(action, *arguments)) == arguments


def test_payload__wrong_arguments__refused() -> None:
    with pytest.raises(FormatError, match="takes 1"):
        calls.payload(Action.DISOWN)
    with pytest.raises(FormatError, match="20 bytes"):
        calls.payload(Action.REPLACE_ADMIN, bytes(19))
    with pytest.raises(FormatError):
        calls.payload_arguments(Action.ADMIT, b"\x01")


def test_every_event_of_the_contract__has_its_class() -> None:
    """A new event without a class would be found here, not by a node that stops."""
    for word in artifact().abi.events.values():
        kind = getattr(directory, word.name)
        assert [field.name for field in dataclasses.fields(kind) if field.name != "at"] == list(word.inputs.names)
