"""What the documents say of commands, files and pages is so."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.main import app

DOCUMENTS = sorted([*Path().glob("*.md"), *Path("docs").rglob("*.md")])
# What is written in capitals, or left out, is the reader's to fill in.
REST = re.compile(r"\.\.\.$")
CODE = re.compile(r"^```.*?\n(.*?)^```|^(?: {4}.*\n)+", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(seep [^`]+)`")
# Up to what ends a command in a shell.
COMMAND = re.compile(r"(?:^|[\s/;(])seep( [^|;&#)\n]*)")
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def written_commands() -> Iterator[tuple[str, str]]:
    """Each command line of `seep` in the documents, with its document; the history keeps the names of its time."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        if document.name == "CHANGELOG.md":
            continue
        for block in CODE.finditer(text):
            for line in block.group(0).replace("\\\n", " ").splitlines():
                if re.match(r"\s*(?:(?:\$ )?(?:[A-Z_]+=\S+ )*[\w./]*seep (?!=)|if seep|code=)", line):
                    yield from ((str(document), f"seep{found}") for found in COMMAND.findall(line))
        yield from ((str(document), found) for found in INLINE.findall(text))


def command_named(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words begin with, and the words that are left; a group where they name no more."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize(("document", "line"), sorted(set(written_commands())))
def test_a_command_line_in_the_documents_is_one_that_the_command_takes(document: str, line: str) -> None:
    words = [REST.sub("", word) for word in shlex.split(line)[1:]]
    while words and words[0] == "--config":
        words = words[2:]
    if words[:1] in (["--version"], ["--help"], ["[OPTIONS]"], [""], []):
        return
    command, rest = command_named(words)
    assert not hasattr(command, "commands") or not rest, f"no such command: {line}"
    known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    given = {word.partition("=")[0] for word in rest if word.startswith("--")}
    assert given <= known, f"{line}: no such option"


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = [to for to in LINK.findall(document.read_text(encoding="utf-8")) if "://" not in to]
    assert [to for to in targets if not (document.parent / to).exists()] == []


def test_the_index_lists_every_document() -> None:
    index = Path("docs/README.md")
    listed = {(index.parent / to).resolve() for to in LINK.findall(index.read_text(encoding="utf-8"))}
    pages = {page.resolve() for page in Path("docs").rglob("*.md")} - {index.resolve()}
    assert {page for page in pages - listed if page.parent.name != "decisions"} == set()


@pytest.mark.parametrize(("document", "lines"), [("README.md", 120), ("ARCHITECTURE.md", 60)])
def test_what_is_read_first_is_short(document: str, lines: int) -> None:
    assert len(Path(document).read_text(encoding="utf-8").splitlines()) <= lines
