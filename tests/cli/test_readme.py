"""The README knows every command and every option."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.main import app

README = Path("README.md").read_text(encoding="utf-8")


def commands() -> dict[str, Any]:
    """All commands by their full names."""
    found: dict[str, Any] = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found |= {f"{name} {sub}": of for sub, of in inner.items()} if inner else {name: command}
    return found


@pytest.mark.parametrize("name", commands())
def test_a_command_and_its_options_are_in_the_readme(name: str) -> None:
    group, _, last = name.partition(" ")
    rows = [line for line in README.splitlines() if re.match(rf"\| `seep {group}[ `]", line) and last in line]
    assert len(rows) == 1
    options = [parameter.opts[0] for parameter in commands()[name].params if parameter.opts[0].startswith("--")]
    for option in options:
        assert option in rows[0] or option == "--help", f"seep {name} {option} is not in the README"
