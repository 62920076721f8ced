"""The entries of a job's provenance that more than one part reads, and when those of a run say that it is mixed."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

ANSWERED_BY = "answered_by"
"""Which model the server says has answered."""

AGAINST = "against"
"""Whose answers the tests' were compared with."""

MIXED = "mixed"
"""The entries that have more than one value within a job; absent where none has."""


LONGEST_ENTRY = 8_000
"""Characters. A provenance has about a dozen entries; it travels with each job and each rate."""


def bounded(provenance: Mapping[str, str]) -> dict[str, str]:
    """The provenance, with the beginning and the digest of what is too long: of an operator's system message, say."""
    return {name: value if len(value) <= LONGEST_ENTRY else _digest(value) for name, value in provenance.items()}


def _digest(value: str) -> str:
    return f"{value[:200]}... ({len(value)} characters, sha256:{sha256(value.encode()).hexdigest()})"


def described(provenance: Mapping[str, str], entry: str) -> dict[str, Any]:
    """An entry that is JSON's object; empty where it is none, or cannot be written as JSON again.

    Whoever may write to the broker can put any text there, and a long one is cut.
    """
    try:
        found = json.loads(provenance.get(entry, "{}"))
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def is_mixed(provenances: Sequence[Mapping[str, str]]) -> bool:
    """Whether a run's jobs, whose provenances are given each once, differ from one another or within one.

    A job of which nobody said who answered, as where a filter took all answers away, differs in that from none.
    """
    named = {provenance[ANSWERED_BY] for provenance in provenances if ANSWERED_BY in provenance}
    others = {frozenset((name, value) for name, value in each.items() if name != ANSWERED_BY) for each in provenances}
    return len(named) > 1 or len(others) > 1 or any(MIXED in provenance for provenance in provenances)
