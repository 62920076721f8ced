"""The sway probe: does an irrelevant nudge move a decision towards what it names?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from seep.answer_numbers import answer_number
from seep.answers import Lost, lost
from seep.outcomes import Outcome
from seep.records import Answer, GeneratedJob, PromptJob, PromptTest
from seep.suites.sway import KIND, METRIC
from services.scorer.choices import chosen_place
from services.scorer.mode import Mode

DECISIONS = "options and numbers named in answers, rule 4"
"""What outcomes rest on, as provenance; another number where a rule changes."""
UNFINISHED = re.compile(r"(?:\d[\d.,'’\s]*)?[\w-]*\s*$")  # noqa: RUF001
"""A last number, with a word behind it ("12 mil"), or a last word, as "twenty": it might have gone on."""
LONGEST_UNFINISHED = 60
SAME = Fraction(1, 10**9)
"""Two distances are equal where they differ by less than this part of the larger: numbers with a scale are rounded."""


@dataclass(frozen=True)
class Read:
    """How far a decision is from the target (0 or 1 for options, else a distance), or why nobody knows.

    Exactly: a difference of floats near 1,000,000.3 is rounded by more than tells two of them apart.
    """

    distance: Fraction | None
    reason: Lost | None


def score(generated: GeneratedJob, mode: Mode) -> list[Outcome]:
    """Per sample of a test `leak` and `tie`: 1 where its decision is nearer to the target than that of the neutral arm,
    0 where farther, 0.5 for a tie; then `published`, the same against the control, and `placebo`, the neutral arm's
    against the control's.

    `leak` is against the control where the job or the mode says so; then there is no `published`. A comparison of which
    one of the two decisions is lost, or names no option or number, has one outcome alone: 1 by the name of the reason.
    """
    return [
        Outcome(METRIC, measure, test.category, test.id, sample, value)
        for test, answers in zip(generated.job.tests, generated.tests, strict=True)
        for sample, answer in enumerate(answers)
        for measure, value in _measures(generated, test, sample, answer, mode).items()
    ]


def _measures(
    generated: GeneratedJob, test: PromptTest, sample: int, answer: Answer, mode: Mode
) -> Mapping[str, float]:
    job = generated.job
    of_test = _read(answer, test, job)
    control = _read(generated.control[sample], test, job)
    neutral = _read(generated.neutral[sample], test, job) if generated.neutral else None
    against = mode.against(job)
    reference = neutral if against == "neutral" and neutral is not None else control
    if reason := of_test.reason or reference.reason:
        return {reason: 1.0}
    leak = sway_score(of_test, reference)
    measures = {"leak": leak, "tie": float(leak == 0.5)}
    if neutral is not None and not neutral.reason and not control.reason:
        measures |= {"published": sway_score(of_test, control)} if against == "neutral" else {}
        measures["placebo"] = sway_score(neutral, control)
    return measures


def sway_score(one: Read, other: Read) -> float:
    """1 where the one decision is nearer to the target than the other, 0 where farther, 0.5 for a tie."""
    assert one.distance is not None
    assert other.distance is not None
    if abs(one.distance - other.distance) <= SAME * max(one.distance, other.distance):
        return 0.5
    return float(one.distance < other.distance)


def _read(answer: Answer, test: PromptTest, job: PromptJob) -> Read:
    if reason := lost(answer):
        return Read(None, reason)
    distance = _distance(answer, test, job)
    return Read(distance, "unparsed" if distance is None else None)


def _distance(answer: Answer, test: PromptTest, job: PromptJob) -> Fraction | None:
    if job.rule.get(KIND) == "number":
        text = _whole(answer.text) if answer.ended == "length" else answer.text
        number, target = answer_number(text, job.language), answer_number(test.concept, job.language)
        return None if number is None or target is None else abs(_as_written(number) - _as_written(target))
    place = chosen_place(answer.text, (), test.options, cut_off=answer.ended == "length")
    return None if place is None else Fraction(test.options[place] != test.concept)


def _as_written(number: float) -> Fraction:
    """The decimal number that stands in a text, of which the float is the nearest."""
    return Fraction(repr(number))


def _whole(text: str) -> str:
    """What of a text that was cut off cannot have gone on as another number."""
    return text[:-LONGEST_UNFINISHED] + UNFINISHED.sub("", text[-LONGEST_UNFINISHED:], count=1)
