"""The tutorial's commands print what the tutorial says they print."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Command

PROJECT = Path(__file__).parents[2]
CONSOLE = re.compile(r"^```console\n\$ seep (.*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def console_blocks() -> Iterator[tuple[str, list[str]]]:
    """Each command of the tutorial with the lines under it, blanks and empty lines aside."""
    for arguments, printed in CONSOLE.findall((PROJECT / "docs" / "tutorial.md").read_text(encoding="utf-8")):
        yield arguments, lines(printed)


def lines(text: str) -> list[str]:
    """The lines of a text, with one blank between words."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_the_tutorial_prints_what_it_says(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").symlink_to(PROJECT / "docs")
    monkeypatch.setenv("COLUMNS", "200")
    blocks = list(console_blocks())
    assert len(blocks) >= 5
    for arguments, expected in blocks:
        code, printed, complaint = command(*arguments.split(), folder=tmp_path)
        assert code == (1 if arguments.startswith("compare") else 0), complaint
        assert [line for line in expected if line not in lines(printed)] == [], arguments
