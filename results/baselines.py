"""A baseline: the runs that others are compared with, by name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Baseline:
    """A name for the runs that others are compared with; `set_at` is Unix time in seconds."""

    name: str
    runs: list[str]
    set_at: float
