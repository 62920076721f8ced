"""No sentence over 30 words in README, documents and the help of commands.

`python -m checks.sentences` prints each longer one with its place, and ends with 1 where there is any.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LONGEST = 30

FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^|(?<=\n\n))(?: {4}.*\n?)+", re.MULTILINE)
CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
# What begins a new thought without a full stop: a heading, an item of a list, a row of a table, an empty line.
NEW_BLOCK = re.compile(r"^\s*(?:#+ |[-*] |\d+\. |\||$)")
# The end of a sentence; a semicolon does not end one, so that it cannot hide a long one.
END = re.compile(r"(?<=[.!?])[\"')*_]*\s+(?=[\"'(*_]*[A-Z0-9`])")
ABBREVIATION = re.compile(r"\b(e\.g|i\.e|vs|cf|etc|et al)\.")


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text in Markdown, without blocks of code and tables; code within a line is one word."""
    for block in blocks(text):
        plain = LINK.sub(r"\1", CODE.sub("Code", block))
        plain = ABBREVIATION.sub(r"\1", plain)
        yield from (sentence.strip() for sentence in END.split(plain) if sentence.strip())


def blocks(text: str) -> Iterator[str]:
    """Paragraphs, headings and items of lists, each as one line."""
    lines: list[str] = []
    for line in INDENTED.sub("", FENCE.sub("", text)).splitlines():
        if NEW_BLOCK.match(line):
            yield " ".join(lines)
            lines = []
        if not line.lstrip().startswith("|"):
            lines.append(line.strip())
    yield " ".join(lines)


def words(sentence: str) -> int:
    """How many words a sentence has; marks that stand alone are none."""
    return sum(1 for word in sentence.split() if re.search(r"\w", word))


def too_long(place: str, text: str) -> Iterator[str]:
    """A line for each sentence of more than LONGEST words, with its place and how it begins."""
    for sentence in sentences(text):
        if words(sentence) > LONGEST:
            yield f"{place}: {words(sentence)} words: {' '.join(sentence.split()[:8])} ..."


def helps(command: Any, name: str = "seep") -> Iterator[tuple[str, str]]:
    """Each command's and option's help, by its full name."""
    yield name, command.help or ""
    for parameter in command.params:
        yield f"{name} {parameter.name}", getattr(parameter, "help", None) or ""
    for inner, subcommand in getattr(command, "commands", {}).items():
        yield from helps(subcommand, f"{name} {inner}")


def documents() -> list[str]:
    """The documents under version control, but for the history of changes and of measurements."""
    listed = subprocess.run(["git", "ls-files", "*.md"], check=True, capture_output=True, text=True).stdout.splitlines()
    return [name for name in listed if name not in ("CHANGELOG.md", "benchmarks/RESULTS.md")]


def main() -> int:
    """Prints what is found; returns the process's exit code."""
    import typer

    from cli.main import app

    texts = [(name, Path(name).read_text(encoding="utf-8")) for name in documents() if Path(name).is_file()]
    texts += helps(typer.main.get_command(app))
    found = [line for place, text in texts for line in too_long(place, text)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
