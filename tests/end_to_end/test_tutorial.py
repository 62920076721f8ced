"""The tutorial's commands print what the tutorial says they print."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]
CONSOLE = re.compile(r"^```console\n\$ seep (.*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def console_blocks() -> Iterator[tuple[str, list[str]]]:
    """Each command of the tutorial with the lines under it, blanks and empty lines aside."""
    for arguments, printed in CONSOLE.findall((PROJECT / "docs" / "tutorial.md").read_text(encoding="utf-8")):
        yield arguments, lines(printed)


def lines(text: str) -> list[str]:
    """The lines of a text, with one blank between words."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_the_tutorial_prints_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(PROJECT / "docs")
    blocks = list(console_blocks())
    assert len(blocks) >= 5
    for arguments, expected in blocks:
        command = [sys.executable, "-m", "cli", *arguments.split()]
        ended = subprocess.run(
            command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=600, check=False
        )
        assert ended.returncode == (1 if arguments.startswith("compare") else 0), ended.stderr
        printed = lines(ended.stdout)
        assert [line for line in expected if line not in printed] == [], arguments


def environment() -> dict[str, str]:
    """A wide terminal, and the project's code in a folder that is not the project's."""
    return os.environ | {"COLUMNS": "200", "PYTHONPATH": str(PROJECT), "HF_HUB_OFFLINE": "1"}
