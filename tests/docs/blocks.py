"""The fenced blocks of the documents, with what their pages say of them to the tests."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

PROJECT = Path(__file__).parents[2]
PAGES = sorted([PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *(PROJECT / "docs").rglob("*.md")])
# A comment above a block, which no reader sees: `not run: why`, `file: NAME` or `adds to: NAME`.
FENCE = re.compile(
    r"^(?:<!-- (?P<mark>not run|file|adds to): (?P<what>.+?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Step:
    """A command as it is typed, with the lines that the page shows of what it prints."""

    command: str
    shown: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Block:
    """A fenced block: `console` holds commands behind `$ ` and what they print, `bash` a script."""

    page: Path
    line: int
    language: str
    text: str
    mark: Literal["", "not run", "file", "adds to"]
    what: str

    @property
    def is_shell(self) -> bool:
        """Whether it is something to be typed."""
        return self.language in ("console", "bash")

    def steps(self) -> list[Step]:
        """What is typed, one command after the other."""
        if self.language == "bash":
            return [Step(self.text)]
        steps: list[Step] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line[2:]))
            elif steps and steps[-1].command.endswith("\\"):
                steps[-1] = Step(f"{steps[-1].command}\n{line}")
            elif line.strip() and steps:
                steps[-1].shown.append(line)
        return steps


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in its order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text[: found.start()].count("\n") + 1,
            found["language"],
            found["text"],
            found["mark"] or "",  # type: ignore[arg-type]
            found["what"] or "",
        )
        for found in FENCE.finditer(text)
    ]
