"""Compile the contract and write (or check) the artifact that the Python package ships.

The artifact holds what a client needs without a compiler (ABI, creation and deployed bytes) and what anybody needs to
make the same bytes again (compiler, settings, SHA-256 of every source). The compiler is the npm package pinned in
``contracts/package-lock.json``; the settings are those of ``contracts/foundry.toml``, so that the tests run the very
code that is deployed.

    python scripts/compile_contracts.py            write the artifact
    python scripts/compile_contracts.py --check    recompile and compare; writes nothing

Exit status: 0 written, or the same; 1 the artifact is not what the sources give, or they do not compile; 2 there is no
compiler here (run ``npm ci`` in ``contracts``).

What it leaves out: deploying, and running the tests (``npx forge test``).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
ARTIFACT = ROOT / "src" / "ledger" / "chain" / "artifacts" / "LicenseRegistry.json"
NAME = "LicenseRegistry"
MAX_DEPLOYED = 24_576
"""Most bytes of deployed code that a chain accepts (EIP-170)."""


class CompilerMissingError(Exception):
    """Node.js or the npm packages are not here."""


class CompilationError(Exception):
    """The sources do not give a contract that can be deployed."""


def settings(foundry: Path) -> dict[str, Any]:
    """The compiler's settings, from ``foundry.toml``."""
    profile = tomllib.loads(foundry.read_text("utf-8"))["profile"]["default"]
    return {
        "evmVersion": profile["evm_version"],
        "optimizer": {"enabled": profile["optimizer"], "runs": profile["optimizer_runs"]},
        "metadata": {"bytecodeHash": profile["bytecode_hash"], "appendCBOR": profile["cbor_metadata"]},
    }


def run_compiler(contracts: Path, *arguments: str, text: str = "") -> str:
    """Run the pinned compiler.

    Raises:
        CompilerMissingError: Node.js or ``node_modules`` is missing.
    """
    node = shutil.which("node")
    if node is None:
        raise CompilerMissingError("Node.js is not installed")
    if not (contracts / "node_modules" / "solc").is_dir():
        raise CompilerMissingError("the compiler is not installed; run `npm ci` in contracts/")
    command = [node, str(contracts / "tools" / "solc"), *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, encoding="utf-8").stdout


def compile_contract(contracts: Path) -> dict[str, Any]:
    """Compile all of ``contracts/src`` and return the artifact.

    Raises:
        CompilerMissingError: there is no compiler.
        CompilationError: the compiler reported anything at all, or the code could not be deployed.
    """
    sources = {path.relative_to(contracts).as_posix(): path for path in sorted((contracts / "src").glob("**/*.sol"))}
    chosen = settings(contracts / "foundry.toml")
    wanted = ["abi", "evm.bytecode", "evm.deployedBytecode"]
    request = {
        "language": "Solidity",
        "sources": {name: {"content": path.read_text("utf-8")} for name, path in sources.items()},
        "settings": {**chosen, "outputSelection": {f"src/{NAME}.sol": {NAME: wanted}}},
    }
    version = run_compiler(contracts, "--version").rpartition("Version: ")[2].strip()
    answer = json.loads(run_compiler(contracts, "--standard-json", text=json.dumps(request)))
    if answer.get("errors"):
        raise CompilationError("\n".join(each["formattedMessage"] for each in answer["errors"]))
    output = answer["contracts"][f"src/{NAME}.sol"][NAME]
    return {
        "contract": NAME,
        "compiler": version,
        "settings": chosen,
        "sources": {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sources.items()},
        "abi": output["abi"],
        "bytecode": _code(output["evm"]["bytecode"]),
        "deployedBytecode": _code(output["evm"]["deployedBytecode"]),
    }


def _code(part: dict[str, Any]) -> str:
    """One kind of bytecode as ``0x`` hex; it has to be complete and, byte for byte, what will stand on the chain."""
    if part.get("linkReferences") or part.get("immutableReferences"):
        raise CompilationError("the code has holes (libraries or immutables): deployed code could not be compared")
    code = str(part["object"])
    if "immutableReferences" in part and len(code) // 2 > MAX_DEPLOYED:
        raise CompilationError(f"deployed code has {len(code) // 2} bytes, more than {MAX_DEPLOYED}")
    return "0x" + code


def render(artifact: dict[str, Any]) -> str:
    """The artifact as it is committed."""
    return json.dumps(artifact, indent=1, ensure_ascii=False) + "\n"


def differences(committed: str, fresh: dict[str, Any]) -> list[str]:
    """In what the committed artifact differs from a fresh one, in words; empty if in nothing."""
    if committed == render(fresh):
        return []
    try:
        old = json.loads(committed)
    except ValueError:
        return ["the artifact is no JSON"]
    if not isinstance(old, dict):
        return ["the artifact is no JSON object"]
    found = [f"{field} differs" for field in fresh.keys() | old.keys() if old.get(field) != fresh.get(field)]
    return sorted(found) or ["the same values are written in another way"]


def main(arguments: list[str] | None = None) -> int:
    """Write or check the artifact; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="recompile and compare; write nothing")
    parser.add_argument("--contracts", type=Path, default=CONTRACTS, help="folder of the contract's project")
    parser.add_argument("--artifact", type=Path, default=ARTIFACT, help="file of the artifact")
    options = parser.parse_args(arguments)
    try:
        fresh = compile_contract(options.contracts)
    except CompilerMissingError as error:
        print(f"cannot compile here: {error}", file=sys.stderr)
        return 2
    except CompilationError as error:
        print(error, file=sys.stderr)
        return 1
    size = len(fresh["deployedBytecode"]) // 2 - 1
    if not options.check:
        options.artifact.parent.mkdir(parents=True, exist_ok=True)
        options.artifact.write_text(render(fresh), "utf-8")
        print(f"wrote {options.artifact.name}: {size} bytes of deployed code, {fresh['compiler']}")
        return 0
    found = differences(options.artifact.read_text("utf-8") if options.artifact.is_file() else "", fresh)
    if found:
        print(f"{options.artifact.name} is not what the sources give: {', '.join(found)}.", file=sys.stderr)
        print("Run `python scripts/compile_contracts.py` and commit the result.", file=sys.stderr)
        return 1
    print(f"{options.artifact.name} is what the sources give: {size} bytes of deployed code, {fresh['compiler']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
