"""What lint's rules are made of: notes with their places, and the prompts of a suite with theirs."""

import re
from collections.abc import Callable, Iterator, Sequence

from seep.languages import written_without_blanks
from seep.suites.schema import AnySuite, SuiteTest

Location = Sequence[int | str]
Note = tuple[Location, str]
Rule = Callable[[AnySuite], Iterator[Note]]


def tests(suite: AnySuite) -> Iterator[tuple[Location, SuiteTest]]:
    """All tests."""
    for number, job in enumerate(suite.jobs):
        for position, test in enumerate(job.tests):
            yield (suite.jobs_field, number, "tests", position), test


def prompts(suite: AnySuite) -> Iterator[tuple[Location, str]]:
    """All prompts: controls, neutral arms and tests."""
    for number, job in enumerate(suite.jobs):
        for arm, prompt in (("control", job.control), ("neutral", job.neutral)):
            if prompt is not None:
                yield (suite.jobs_field, number, arm), prompt
    for place, test in tests(suite):
        yield (*place, "prompt"), test.prompt


def insertions(suite: AnySuite) -> Iterator[tuple[Location, str, str]]:
    """All prompts that are their control with something put in: neutral arms and tests, each with its control."""
    for number, job in enumerate(suite.jobs):
        if job.control is None:
            continue
        if job.neutral is not None:
            yield (suite.jobs_field, number, "neutral"), job.neutral, job.control
        for position, test in enumerate(job.tests):
            yield (suite.jobs_field, number, "tests", position, "prompt"), test.prompt, job.control


def occurs(text: str, prompt: str, language: str) -> bool:
    """Whether the text stands in the prompt, at the start of a word: "red" is not in "coloured"."""
    start = "" if written_without_blanks(language) else r"(?<!\w)"
    return re.search(start + re.escape(text), prompt, re.IGNORECASE) is not None


def jobs_without_neutral(suite: AnySuite) -> Iterator[Note]:
    """Only where others have one: the rate of all is then against the control, whose null is not exactly 50 %."""
    without = [number for number, job in enumerate(suite.jobs) if job.neutral is None]
    if 0 < len(without) < len(suite.jobs):
        count = "1 job has" if len(without) == 1 else f"{len(without)} jobs have"
        message = f"{count} no neutral insertion, so that all are compared with their control: add neutral"
        yield (suite.jobs_field, without[0]), message


def concepts_not_in_their_prompt(suite: AnySuite) -> Iterator[Note]:
    """For probes whose concept stands in the prompt: a typo in either is measured as no leakage."""
    for place, test in tests(suite):
        concept = test.concept.strip()
        if occurs(concept, test.prompt, suite.language):
            continue
        if all(occurs(word, test.prompt, suite.language) for word in concept.split()):
            message = f"the concept {concept!r} is in its prompt only word by word: write it as it stands there"
        else:
            message = f"the concept {concept!r} is not in its prompt: correct one of the two"
        yield (*place, "concept"), message
