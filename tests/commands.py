"""The type of the fixture that runs the `seep` command within the tests' own process."""

from collections.abc import Callable

# Its arguments; exit code, and what it printed on both streams.
Command = Callable[..., tuple[int, str, str]]
