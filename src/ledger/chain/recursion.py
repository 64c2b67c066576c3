"""Python's recursion limit, put back where parsers rely on it.

py-evm and py_ecc (under web3.py and eth-account) raise it to 12,288 and 100,000 when they are imported. Python's JSON
parser stops at that limit only, and its C stack ends earlier: a hostile answer of a hundred thousand brackets would
end the process with a segmentation fault instead of an error. The registry contract calls nothing but a precompile,
so the depth that py-evm asks for is not needed.

What it leaves out: ``ledger.canonical``, which bounds the depth of what it parses by itself.
"""

from __future__ import annotations

import sys

LIMIT = 3_000
"""Frames: three times Python's default, a quarter of what an 8 MiB thread stack was seen to bear in the parser."""


def bound() -> None:
    """Lower the limit to ``LIMIT`` if it is higher; to be called after importing one of those packages."""
    sys.setrecursionlimit(min(LIMIT, sys.getrecursionlimit()))
