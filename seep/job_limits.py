"""What one job may ask for at most: in a suite, in an option, and in a message from the wire.

A number that is too large does not fail: it fills the memory of whoever obeys it, who is then killed for it, starts
again and obeys it again.
"""

from collections.abc import Sequence
from typing import Protocol

from seep.records import Decoding, PromptJob, PromptTest

MOST_SAMPLES = 1_000
MOST_TOKENS = 131_072
MOST_TEMPERATURE = 100.0
MOST_TESTS = 10_000
# An answer has an outcome for each option that it may choose.
MOST_OPTIONS = 100
# Samples times prompts: a batch of 64 such jobs has 1.3 million answers in hand.
MOST_ANSWERS = 20_000
# The prompts of a job as they are put, each with its system message and template around it.
MOST_CHARACTERS = 16 * 1024 * 1024
# PostgreSQL's index entries end at 2704 bytes, and several names share one; a name of this length is a mistake or an
# attack.
LONGEST_NAME_BYTES = 500
MOST_LABELS = 20

NAMES = ("run_id", "job_id", "target", "suite", "suite_version", "suite_hash", "probe", "language")


def excess(job: PromptJob) -> str | None:
    """What a job asks for beyond the limits, as "field: expected ..., found ..."; None where it keeps to them."""
    for name in NAMES:
        if problem := name_excess(name, getattr(job, name)):
            return problem
    return (
        _decoding_excess(job.decoding)
        or samples_excess(job.samples)
        or answers_excess(job.samples, job.tests, job.control, job.neutral)
        or next((problem for test in job.tests if (problem := _test_excess(test))), None)
        or _text_excess(job)
    )


def name_excess(field: str, name: str) -> str | None:
    """What is wrong with the length of a name, which is in bytes of UTF-8; None where nothing is."""
    # Two lengths: no character has fewer bytes than one, and most names are short.
    if 4 * len(name) <= LONGEST_NAME_BYTES or (length := len(name.encode())) <= LONGEST_NAME_BYTES:
        return None
    return f"{field}: expected at most {LONGEST_NAME_BYTES} bytes, found {length}"


def samples_excess(samples: int) -> str | None:
    """What is wrong with a number of samples; None where nothing is."""
    return None if 1 <= samples <= MOST_SAMPLES else f"samples: expected 1 to {MOST_SAMPLES}, found {samples}"


class Controlled(Protocol):
    """A test that may have a control prompt of its own."""

    @property
    def control(self) -> str | None:
        """The prompt."""
        ...


def answers_excess(samples: int, tests: Sequence[Controlled], control: str | None, neutral: str | None) -> str | None:
    """What is wrong with the number of a job's tests or of all answers that it asks for; None where nothing is."""
    if len(tests) > MOST_TESTS:
        return f"tests: expected at most {MOST_TESTS}, found {len(tests)}"
    own_controls = sum(test.control is not None for test in tests)
    answers = samples * (len(tests) + own_controls + (control is not None) + (neutral is not None))
    if answers > MOST_ANSWERS:
        return f"samples: expected at most {MOST_ANSWERS} answers to all prompts of a job, found {answers}"
    return None


def _decoding_excess(decoding: Decoding) -> str | None:
    # Written so that NaN, which is in no order, is refused.
    if not 0 <= decoding.temperature <= MOST_TEMPERATURE:
        return f"decoding.temperature: expected 0 to {MOST_TEMPERATURE:g}, found {decoding.temperature}"
    if not 0 < decoding.top_p <= 1:
        return f"decoding.top_p: expected above 0, at most 1, found {decoding.top_p}"
    if not 1 <= decoding.max_tokens <= MOST_TOKENS:
        return f"decoding.max_tokens: expected 1 to {MOST_TOKENS}, found {decoding.max_tokens}"
    return None


def _test_excess(test: PromptTest) -> str | None:
    return (
        name_excess("tests.id", test.id)
        or name_excess("tests.concept", test.concept)
        or name_excess("tests.category", test.category)
        or options_excess(len(test.options))
    )


def options_excess(options: int) -> str | None:
    """What is wrong with a number of options; None where nothing is."""
    return f"options: expected at most {MOST_OPTIONS}, found {options}" if options > MOST_OPTIONS else None


def _text_excess(job: PromptJob) -> str | None:
    put = job.prompt_format
    prompts = len(job.tests) + (job.control is not None) + (job.neutral is not None)
    prompts += sum(test.control is not None for test in job.tests)
    around = (max(len(put.system), len(job.system or "")) + len(put.user)) * prompts
    characters = around + sum(len(test.prompt) for test in job.tests) + len(job.control or "") + len(job.neutral or "")
    characters += sum(len(option) for test in job.tests for option in test.options)
    characters += sum(len(test.expected) + len(test.control or "") for test in job.tests)
    characters += sum(len(name) + len(value) for name, value in job.rule.items())
    characters += sum(map(len, job.documents))
    if characters > MOST_CHARACTERS:
        return f"prompt_format: expected at most {MOST_CHARACTERS} characters of all prompts, found {characters}"
    return None
