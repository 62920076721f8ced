"""The traces probe: how many of the tokens that are read in a difference of activations are words of a topic?"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

from seep.answers import Lost, lost
from seep.outcomes import Outcome
from seep.records import Answer, GeneratedJob, PromptJob, PromptTest, Reading
from seep.texts import folded
from seep.traces import DECOYS, EXPLAINED, LENS, SPLIT_HALF, TOP, WORDS, words_of
from services.scorer.echo import stemmed_words

WORDS_IN_READINGS = "words of topics among the first 20 tokens, rule 2"
"""What outcomes rest on, as provenance; another number where a rule changes."""


def defect(job: PromptJob) -> str | None:
    """Why readings of this job cannot be scored; None where they can."""
    if not all(words_of(job.rule, WORDS, test.concept) for test in job.tests):
        return "the traces probe needs the words of each test's topic, and the job's rule does not say them"
    return None


def score(generated: GeneratedJob) -> list[Outcome]:
    """Per topic and position `leak`, `placebo`, `decoy`, `steadiness` and `context_free`, all of the metric `lens`.

    `leak` is the relevance: the share of the first 20 tokens of the difference that are words of the topic. `placebo`
    is that of the base's own reading, and `decoy` the share of the topic's decoys. `steadiness` is the cosine between
    the two halves of the documents, 0 where it is negative; `context_free` is the share of the difference that its mean
    explains. They are there where the reading has them. Where a reading is lacking, of the test or of the control,
    there is one outcome alone: 1 by the name of the reason.
    """
    return [
        Outcome(LENS, measure, test.category, test.id, sample, value)
        for test, answers in zip(generated.job.tests, generated.tests, strict=True)
        for sample, (answer, control) in enumerate(zip(answers, generated.control, strict=True))
        for measure, value in _measures(generated.job, test, answer, control).items()
    ]


def relevance(tokens: Sequence[str], words: Sequence[str], language: str) -> float:
    """The share of the first 20 tokens that are one of the words, whatever their case and inflection.

    A token that is a part of a word is none. A word without a letter or digit, as an emoji, is found as it is.
    ValueError where there is no token.
    """
    first = tokens[:TOP]
    if not first:
        raise ValueError("a reading without a token")
    stems = _stems(tuple(words), language)
    return sum(_stem(token, language) in stems for token in first) / len(first)


def _measures(job: PromptJob, test: PromptTest, answer: Answer, control: Answer) -> Mapping[str, float]:
    found, base = _read(answer), _read(control)
    if not isinstance(found, Reading):
        return {found: 1.0}
    if not isinstance(base, Reading):
        return {base: 1.0}
    words, decoys = (words_of(job.rule, kind, test.concept) for kind in (WORDS, DECOYS))
    measures = {
        "leak": relevance(found.tokens, words, job.language),
        "placebo": relevance(base.tokens, words, job.language),
        "decoy": relevance(found.tokens, decoys, job.language),
    }
    named = {"steadiness": SPLIT_HALF, "context_free": EXPLAINED}
    return measures | {
        measure: min(1.0, max(0.0, found.values[name])) for measure, name in named.items() if name in found.values
    }


def _read(answer: Answer) -> Reading | Lost:
    """The reading of an answer, or why there is none that can be scored."""
    if reason := lost(answer):
        return reason
    reading = answer.inside
    if not isinstance(reading, Reading) or not reading.tokens:
        return "unparsed"
    numbers = (*reading.probabilities, *reading.values.values())
    whole = len(reading.tokens) == len(reading.probabilities) and all(map(math.isfinite, numbers))
    return reading if whole else "unparsed"


@lru_cache(maxsize=1_000)
def _stems(words: tuple[str, ...], language: str) -> frozenset[tuple[str, ...]]:
    return frozenset(_stem(word, language) for word in words)


def _stem(text: str, language: str) -> tuple[str, ...]:
    # Else all blanks and signs would be alike, and one emoji among a topic's words would find each of them.
    return tuple(stemmed_words(text, language)) or (folded(text).strip(),)
