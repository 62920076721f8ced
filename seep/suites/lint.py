"""Finds in a suite what would quietly spoil its measurement, with the line and what to do about it."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from seep.languages import written_without_blanks
from seep.probes import PROBES
from seep.suites.loading import line_of, parse_suite
from seep.suites.notes import Location, Note, insertions, prompts, tests
from seep.suites.schema import AnySuite

FEWEST_JOBS = 10  # with fewer clusters an interval is too wide to tell anything
ENDING = 3  # words (or characters) that end a test as they end its control
# UTF-8 that was once read as Mac Roman or as Windows-1252
BROKEN_ENCODING = re.compile(r"\u201a\xc4.|\xe2\u20ac.|\xc3[\x80-\xbf]")


@dataclass(frozen=True)
class Finding:
    """What is wrong at a line (from 1) of a suite's file; with an error the suite cannot run at all."""

    path: Path
    line: int
    severity: Literal["error", "warning"]
    message: str


def lint(path: Path) -> list[Finding]:
    """Return all findings in a suite's file in the order of its lines; none where all is well."""
    parsed = parse_suite(path)
    if parsed.suite is None or parsed.root is None:
        return [Finding(path, problem.line, "error", problem.message) for problem in parsed.problems]
    suite, root = parsed.suite, parsed.root
    notes = [
        *_insertions_that_change_nothing(suite),
        *_other_questions(suite),
        *_broken_encodings(suite),
        *_thin_categories(suite),
        *_samples_that_are_alike(suite),
    ]
    for rule in PROBES[suite.probe].rules:
        notes += rule(suite)
    for place, first in _repeated_prompts(suite):
        notes.append((place, f"the prompt is in line {line_of(root, first)} already: remove or reword one of the two"))
    findings = [Finding(path, line_of(root, place), "warning", message) for place, message in notes]
    return sorted(findings, key=lambda finding: finding.line)


def _insertions_that_change_nothing(suite: AnySuite) -> Iterator[Note]:
    for place, prompt, control in insertions(suite):
        if _same(prompt, control):
            yield place, "the prompt is the same as its control: put the insertion into it, or remove it"


def _other_questions(suite: AnySuite) -> Iterator[Note]:
    """A typo in a test's own question ("T-short") is measured as if the concept had done it.

    Only the very end is compared: many a pair differs before it on purpose ("My dad works as a", "He works as a").
    """
    for place, prompt, control in insertions(suite):
        expected, found = _ending(control, suite.language), _ending(prompt, suite.language)
        if not found.endswith(expected):
            yield place, f"the prompt ends in {found!r}, but its control in {expected!r}: let both ask the same"


def _broken_encodings(suite: AnySuite) -> Iterator[Note]:
    for place, prompt in prompts(suite):
        if found := BROKEN_ENCODING.search(prompt):
            yield place, f"the prompt holds {found[0]!r}, text read in a wrong encoding: write what was meant"


def _thin_categories(suite: AnySuite) -> Iterator[Note]:
    per_job = suite.decoding.samples if suite.cluster == "sample" else 1
    places: dict[str, list[Location]] = defaultdict(list)
    for place, test in tests(suite):
        places[test.category].append(place)
    for category, of_category in places.items():
        jobs = len({place[1] for place in of_category})
        if jobs * per_job < FEWEST_JOBS:
            message = f"category {category!r} has {jobs} of the {FEWEST_JOBS} jobs that an interval needs: add jobs"
            yield (*of_category[0], "category"), message


def _samples_that_are_alike(suite: AnySuite) -> Iterator[Note]:
    decoding = suite.decoding
    # Of an engine that looks inside its model, a sample is a position.
    if decoding.temperature == 0 and decoding.samples > 1 and "reading" not in PROBES[suite.probe].needs:
        message = f"at temperature 0 all {decoding.samples} samples are one answer: ask for 1, or raise the temperature"
        yield ("decoding", "samples"), message


def _repeated_prompts(suite: AnySuite) -> Iterator[tuple[Location, Location]]:
    like_their_control = {place for place, _ in _insertions_that_change_nothing(suite)}
    first: dict[tuple[str | None, str], Location] = {}
    systems = [job.system for job in suite.jobs]
    for place, prompt in prompts(suite):
        # The same words under another system message ask something else.
        earlier = first.setdefault((systems[int(place[1])], " ".join(prompt.split())), place)
        if earlier != place and place not in like_their_control:
            yield place, earlier


def _same(prompt: str, other: str) -> bool:
    return prompt.split() == other.split()


def _ending(prompt: str, language: str) -> str:
    if written_without_blanks(language):
        return prompt.strip()[-ENDING:]
    return " ".join(prompt.casefold().split()[-ENDING:])
