"""The page of exit codes and the commands' own help say the same."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from cli.main import app

PAGE = Path(__file__).parents[2] / "docs/reference/exit-codes.md"
ROW = re.compile(r"^\| ([0-9, ]+) \| .* \| (.*) \|$", re.MULTILINE)
SAID = re.compile(r"Exit code (.*?)(?:\n\n|\Z)", re.DOTALL)
CODE = re.compile(r"\b([0-9]{1,3})(?=[:,]| if)")
# What every command may end with, its help says once for all.
OF_ALL = {0, 2, 70, 130, 141, 143}


def commands(name: str, command: Any) -> Iterator[tuple[str, str]]:
    """Every command by its whole name, with its help."""
    for inner, each in command.commands.items():
        if hasattr(each, "commands"):
            yield from commands(f"{name}{inner} ", each)
        else:
            yield f"{name}{inner}", each.help or ""


def test_the_page_has_the_codes_that_the_help_of_each_command_says() -> None:
    group: Any = typer.main.get_command(app)
    said = {
        (name, int(code))
        for name, text in commands("", group)
        for part in SAID.findall(text)
        for code in CODE.findall(part)
    }
    listed = {
        (name, int(code))
        for codes, names in ROW.findall(PAGE.read_text(encoding="utf-8"))
        for name in re.findall(r"`([^`]+)`", names)
        for code in codes.split(", ")
    }
    own = {(name, code) for name, code in said if code not in OF_ALL}
    assert own == {(name, code) for name, code in listed if code not in OF_ALL}
    assert listed <= said
