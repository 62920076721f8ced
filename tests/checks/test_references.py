"""The pages made from the code hold all of it, and one that is not up to date is found."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from checks import cli_reference, references
from cli.main import app


def command_names(command: Any, name: str = "seep") -> Iterator[str]:
    """The full names of a command and of all below it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name
    for sub, of_group in (inner or {}).items():
        yield from command_names(of_group, f"{name} {sub}")


def test_every_command_is_in_the_reference_once() -> None:
    page = cli_reference.page()
    names = list(command_names(typer.main.get_command(app)))
    assert len(names) > 20
    assert [page.count(f"\n### {name}\n") for name in names] == [1] * len(names)


def test_a_command_stands_with_usage_help_and_options() -> None:
    section = cli_reference.page().split("### seep completion\n")[1].split("###")[0]
    assert "\n    seep completion SHELL\n" in section
    assert "Print the script that completes commands" in section
    assert "\n| `shell <bash\\|zsh\\|fish>` | The shell. [required] |\n" in section


@pytest.mark.slow  # all pages are made four times
def test_a_page_is_written_and_one_that_is_not_what_the_code_says_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert references.main(["--check"]) == 1
    assert references.main([]) == 0
    assert references.main(["--check"]) == 0
    page = Path("docs/reference/cli.md")
    page.write_text(page.read_text(encoding="utf-8").replace("seep run", "seep walk"), encoding="utf-8")
    capsys.readouterr()
    assert references.main(["--check"]) == 1
    assert "docs/reference/cli.md: not what the code says" in capsys.readouterr().out


@pytest.mark.slow  # `make check` does it, too
def test_the_pages_of_the_project_are_what_the_code_says() -> None:
    assert references.main(["--check"]) == 0
