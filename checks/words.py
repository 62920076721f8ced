"""Words that must not come back: the project calls one thing by one name, in code, help and documents.

`python -m checks.words` prints each place with the word to use instead, and ends with 1 where there is any.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# What is written in files of these kinds is read; what was generated from elsewhere, or holds prompts, is not.
SUFFIXES = (".py", ".md", ".yaml", ".yml", ".toml", ".tpl", ".txt", ".proto", ".sql", ".sh", "Makefile", "Dockerfile")
SKIPPED = (
    "CHANGELOG.md",  # history keeps the names of its time
    "benchmarks/RESULTS.md",  # the same
    "checks/words.py",  # this list
    "tests/checks/",
    "requirements/",
    "suites/",  # prompts
    "seep/v1/",  # generated
)


@dataclass(frozen=True)
class Word:
    """A word not to be used, what to say instead, and the files or folders in which it has another meaning."""

    pattern: str
    instead: str
    allowed: tuple[str, ...] = ()

    def in_line(self, line: str) -> bool:
        """Whether a line of text holds it."""
        return re.search(self.pattern, line) is not None


EVERYWHERE = (
    # A judge that is a language model, of the recorded labels, keeps its name.
    Word(
        r"(?i)\bunjudged\b|judg(?:e?ment|ing)|\bjudge[ds]?\b|\bjudge_(?!parse)",
        "compare, comparison, verdict, baseline; score",
        ("seep/suites/spill.py", "tests/seep/suites/", "tests/fuzz/seeds.py", "benchmarks/validity/detection.py"),
    ),
    Word(r"(?i)\bflaw", "validate, validation"),
    Word(r"\bPatience\b|\bpatience\b", "CircuitBreaker"),
    Word(r"\bTrouble\b|\btrouble\b|_trouble\b", "failure, RequestFailed"),
    Word(r"\bSuspected\b|\bblamed?\b", "Suspect, confirmed_poison"),
    Word(r"(?i)\bgiv(?:e|es|en|ing) up\b|\bgave up\b|given_up|gave_up|give_up", "dead-letter"),
    Word(r"(?i)\bsurroundings\b", "dependencies"),
    Word(r"monitor_exposition", "gauges"),
    Word(r"\bAT_ONCE\b|\bOF_LANGUAGES\b|\bALIKE\b", "SEND_BATCH_SIZE, LANGUAGE_METRICS, BASELINE_MUST_MATCH"),
    Word(r"--parity\b|scoring\.parity|\bparity\b", "scoring.mode: published, --mode published"),
    Word(r"catch_up_seconds|worker\.batch\b", "starting_deadline_seconds, worker.batch_size"),
    Word(r"--across\b|--detect\b", "--allow-different, --effect"),
    Word(r"seep plan\b|seep agreement\b|seep heatmap\b", "seep power, seep language agreement, seep language matrix"),
    Word(r"(?i:\bseep[ .]deadletter)|/deadletters|\bdeadletters?\b", "dead-letters"),
    Word(r"seep_leak_rate_percent|\bseep_clusters\b", "seep_leak_rate_ratio, seep_independent_clusters"),
    Word(r"seep_\w+_(?:measured|sound)\b", "seep_..._evaluated, seep_..._ok"),
    Word(r"\bSeepBlind\b", "SeepMetricsAbsent"),
    Word(r"install '?seep\[", "make setup, or the packages: a registry's package of this name is somebody else's"),
)

# In a sentence these are plain English; as the name of something in Python they do not say what it is.
AS_NAMES = (
    Word(r"^_?(?:told|tell|tells)$", "what it does: detect_language, list_models"),
    Word(r"^_?asked$", "what it is: requests, requested"),
    Word(r"^_?(?:anew|unlike)$", "what it is: recomputed, differing"),
    Word(r"^_?of$", "the record's name"),
    Word(r"^_?moment$", "parse_time, format_time"),
    Word(r"^_?(?:hold|holds)$", "pause"),
)


@dataclass(frozen=True)
class Finding:
    """A place, by file and line, and the word that stands there."""

    file: str
    line: int
    word: Word

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.word.pattern}: say {self.word.instead}"


def find_words(file: str, text: str) -> Iterator[Finding]:
    """Each place of a file's text at which there is a word not to be used; `file` is its path in the project."""
    everywhere = [word for word in EVERYWHERE if not file.startswith(word.allowed or ("\0",))]
    for number, line in enumerate(text.splitlines(), start=1):
        yield from (Finding(file, number, word) for word in everywhere if word.in_line(line))
    if file.endswith(".py"):
        for number, name in names(text):
            yield from (Finding(file, number, word) for word in AS_NAMES if word.in_line(name))


def names(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of all that Python source gives a name to: functions, classes, arguments and variables."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def project_files() -> Iterable[str]:
    """The files under version control whose words are the project's own."""
    listed = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True).stdout.splitlines()
    return [name for name in listed if name.endswith(SUFFIXES) and not name.startswith(SKIPPED)]


def main() -> int:
    """Prints what is found; returns the process's exit code."""
    found = [
        finding
        for file in project_files()
        if Path(file).is_file()
        for finding in find_words(file, Path(file).read_text(encoding="utf-8"))
    ]
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
