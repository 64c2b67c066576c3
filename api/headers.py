"""Request headers that list preferences with weights (RFC 9110, section 12.4.2)."""

from __future__ import annotations


def preferences(header: str) -> dict[str, float]:
    """What a client accepts, in lower case, with its weights.

    Args:
        header: the value of an ``Accept-…`` header, such as ``gzip, br;q=0.5``.

    Returns:
        Weight by name; 1 where none is given, 0 where it is not a number (an unreadable wish is no wish).
    """
    found: dict[str, float] = {}
    for part in header.split(","):
        name, _, parameter = part.partition(";")
        if name.strip():
            found[name.strip().lower()] = _weight(parameter.strip())
    return found


def _weight(parameter: str) -> float:
    if not parameter:
        return 1.0
    name, _, value = parameter.partition("=")
    try:
        return min(max(float(value), 0.0), 1.0) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0
