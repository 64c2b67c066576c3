"""A node's settings: one frozen value, built by an entry point and handed down.

They come from the node file ``DIR/node.json`` (canonical JSON, strict: unknown fields are refused, so that a
mistyped setting never looks set) and from a few environment variables that differ between machines::

    TONGBAN_CHAIN_URL      another JSON-RPC endpoint of the *same* chain; chain id and genesis stay pinned
    TONGBAN_DATABASE_URL   another database than DIR/ledger.sqlite; may hold a password, so never in the file

What it leaves out: keys and passphrases (``ledger.keystore``; the command line asks for passphrases), and any
reading at import.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger import canonical
from ledger.encoding import parse_decimal, parse_hex
from ledger.errors import ConfigError, FormatError

NODE_FILE = "node.json"
DATABASE_FILE = "ledger.sqlite"
KEYS_FOLDER = "keys"
KEY_NAMES = ("admin", "anchorer", "checkpoint", "credential", "exchange")
_VERSION = 1
_FIELDS = {"v", "member", "log", "issuer", "keys", "finality"}
_FINALITY_TAGS = ("latest", "safe", "finalized")


@dataclass(frozen=True, slots=True)
class ChainSettings:
    """The one chain and registry contract that this node believes.

    Attributes:
        embedded: file of the embedded chain; None for an outside one.
        url: JSON-RPC endpoint of an outside chain; None for the embedded one.
        registry: address of the registry contract, 20 bytes.
        chain_id: EIP-155 chain id, pinned.
        genesis: hash of block 0, 32 bytes, pinned.
        first_block: block that the registry was deployed in, or any before: where reading its events begins.
    """

    embedded: Path | None
    url: str | None
    registry: bytes
    chain_id: int
    genesis: bytes
    first_block: int = 0

    def __post_init__(self) -> None:
        if (self.embedded is None) == (self.url is None):
            raise ConfigError("a chain is either an embedded file or a URL")


@dataclass(frozen=True, slots=True)
class IssuerDefaults:
    """The organ that issues here unless a draft names another one.

    Attributes:
        code: its credit code (department 1, machinery of state).
        name: its name, as printed on licences.
        division: GB/T 2260 code it acts in, six digits.
        division_name: name of that division at present.
    """

    code: str
    name: str
    division: str
    division_name: str


@dataclass(frozen=True, slots=True)
class Finality:
    """When an anchor counts as final, and how patiently that is waited for.

    Attributes:
        tag: block tag up to which the chain is believed: ``latest``, ``safe`` or ``finalized``.
        confirmations: blocks on top of an anchor's block, in addition to the tag; 0 for embedded chains and Anvil.
        timeout: seconds until waiting for finality gives up (the transaction stays stored).
        poll: milliseconds between two looks at an outside chain.
    """

    tag: str = "latest"
    confirmations: int = 0
    timeout: int = 120
    poll: int = 500


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a node is told from outside.

    Attributes:
        data: the node's folder.
        member: GB/T 2260 province code of the member that the node belongs to.
        log: id of the member's log, 32 bytes.
        issuer: who issues unless a draft says otherwise.
        chain: None until the node was told its consortium's chain: it issues, but cannot anchor.
        keys: generation of each key in use now, by name (see ``ledger.keystore``).
        finality: when an anchor counts as final.
        database: SQLAlchemy URL.
    """

    data: Path
    member: int
    log: bytes
    issuer: IssuerDefaults
    chain: ChainSettings | None
    database: str
    keys: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(KEY_NAMES, 1))
    finality: Finality = Finality()

    @property
    def keys_folder(self) -> Path:
        """Where the encrypted private keys lie."""
        return self.data / KEYS_FOLDER

    def to_json(self) -> dict[str, Any]:
        """The object that stands in the node file."""
        obj: dict[str, Any] = {
            "v": _VERSION,
            "member": self.member,
            "log": self.log.hex(),
            "issuer": {
                "code": self.issuer.code,
                "name": self.issuer.name,
                "division": self.issuer.division,
                "division_name": self.issuer.division_name,
            },
            "keys": dict(self.keys),
            "finality": {
                "tag": self.finality.tag,
                "confirmations": self.finality.confirmations,
                "timeout": self.finality.timeout,
                "poll": self.finality.poll,
            },
        }
        if self.chain is not None:
            obj["chain"] = _chain_to_json(self.data, self.chain)
        return obj


def load(data: Path, env: Mapping[str, str]) -> Settings:
    """Read a node's folder.

    Args:
        data: the folder that ``tongban init`` made.
        env: environment variables, such as ``os.environ``.

    Raises:
        ConfigError: no node file, or one that is not exactly as this program writes it.
    """
    path = data / NODE_FILE
    try:
        return _parse(data, canonical.loads_object(path.read_bytes()), env)
    except OSError as error:
        raise ConfigError(f"no node in {data}: {error.strerror}; make one with `tongban init`") from error
    except (FormatError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def save(settings: Settings) -> None:
    """Write the node file: completely or not at all, also when the machine stops in between.

    The database URL is not written: it comes from the environment or is the default.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    write_atomically(settings.data / NODE_FILE, canonical.dumps(settings.to_json()))


def default_database(data: Path) -> str:
    """The SQLite database inside the node's folder."""
    return f"sqlite:///{(data / DATABASE_FILE).absolute()}"


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace a file's content in one step, on disk before this returns.

    Args:
        path: the file; its folder must exist.
        content: all of it.
        mode: permissions; the file never exists with wider ones.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself has to reach the disk too
    finally:
        os.close(folder)


def _parse(data: Path, obj: dict[str, Any], env: Mapping[str, str]) -> Settings:
    if set(obj) - {"chain"} != _FIELDS or obj["v"] != _VERSION:
        raise FormatError(f"node file fields must be {sorted(_FIELDS)} and optionally chain, version {_VERSION}")
    return Settings(
        data=data,
        member=_integer(obj["member"], "member", 100000, 999999),
        log=parse_hex(obj["log"], 32),
        issuer=IssuerDefaults(**_strings(obj["issuer"], "issuer")),
        chain=_chain_from_json(data, obj["chain"], env) if "chain" in obj else None,
        database=env.get("TONGBAN_DATABASE_URL") or default_database(data),
        keys=_keys(obj["keys"]),
        finality=_finality(obj["finality"]),
    )


def _chain_to_json(data: Path, chain: ChainSettings) -> dict[str, Any]:
    obj = {"registry": chain.registry.hex(), "id": str(chain.chain_id), "genesis": chain.genesis.hex()}
    obj["first_block"] = str(chain.first_block)
    if chain.embedded is not None:  # relative, so that the folders of several nodes can be moved together
        return obj | {"embedded": os.path.relpath(chain.embedded.absolute(), data.absolute())}
    return obj | {"url": chain.url}


def _chain_from_json(data: Path, obj: Any, env: Mapping[str, str]) -> ChainSettings:
    fields = _strings(obj, "chain")
    common = {"registry", "id", "genesis", "first_block"}
    if set(fields) not in (common | {"embedded"}, common | {"url"}):
        raise FormatError("chain must have registry, id, genesis, first_block and either embedded or url")
    url = env.get("TONGBAN_CHAIN_URL") or fields.get("url")
    return ChainSettings(
        embedded=None if url else Path(os.path.normpath(data.absolute() / fields["embedded"])),
        url=url,
        registry=parse_hex(fields["registry"], 20),
        chain_id=parse_decimal(fields["id"]),
        genesis=parse_hex(fields["genesis"], 32),
        first_block=parse_decimal(fields["first_block"]),
    )


def _keys(obj: Any) -> dict[str, int]:
    if not isinstance(obj, dict) or set(obj) != set(KEY_NAMES):
        raise FormatError(f"keys must have exactly {', '.join(KEY_NAMES)}")
    return {name: _integer(generation, f"keys.{name}", 1, 9999) for name, generation in obj.items()}


def _finality(obj: Any) -> Finality:
    if not isinstance(obj, dict) or set(obj) != {"tag", "confirmations", "timeout", "poll"}:
        raise FormatError("finality must have exactly tag, confirmations, timeout and poll")
    if obj["tag"] not in _FINALITY_TAGS:
        raise FormatError(f"finality.tag must be one of {', '.join(_FINALITY_TAGS)}")
    return Finality(
        tag=obj["tag"],
        confirmations=_integer(obj["confirmations"], "finality.confirmations", 0, 10_000),
        timeout=_integer(obj["timeout"], "finality.timeout", 1, 7 * 86_400),
        poll=_integer(obj["poll"], "finality.poll", 1, 600_000),
    )


def _strings(obj: Any, name: str) -> dict[str, str]:
    if not isinstance(obj, dict) or not all(isinstance(value, str) for value in obj.values()):
        raise FormatError(f"{name} must be an object of strings")
    return obj


def _integer(value: Any, name: str, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise FormatError(f"{name} must be an integer in {low}..{high}, got {value!r}")
    return value
