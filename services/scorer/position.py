"""The position probe: which place does an answer choose, wherever the options stand?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from seep.answers import Lost, lost
from seep.outcomes import Outcome
from seep.records import Answer, GeneratedJob, PromptTest
from seep.suites.position import ANSWER, LABELS, METRIC, place_categories
from services.scorer.choices import chosen_place


class Choice(NamedTuple):
    """What one answer chose: a place, from 0; or why there is none."""

    test: PromptTest
    sample: int
    place: int | None
    reason: Lost | None

    @property
    def option(self) -> str:
        """What stands at the chosen place."""
        assert self.place is not None
        return self.test.options[self.place]


def score(generated: GeneratedJob) -> list[Outcome]:
    """Per answer an outcome `leak` in each category `<category>@1` to `@n`: 1 for the place that it chose, else 0.

    In the category of the chosen place also `moved`: 1 where what stands there is not the job's most frequent choice,
    of several the suite's first. Where the right option is known, `right` in the category of its place: 1 if it was
    chosen. An answer that was lost, or chooses no option, has one outcome in each: 1 by the name of the reason.
    """
    choices = list(_choices(generated))
    usual = _most_frequent(choices)
    answer = generated.job.rule.get(ANSWER)
    return [outcome for choice in choices for outcome in _outcomes(choice, usual, answer)]


def _outcomes(choice: Choice, usual: str | None, answer: str | None) -> Iterator[Outcome]:
    test, place = choice.test, choice.place
    categories = place_categories(test.category, len(test.options))
    for number, category in enumerate(categories):
        value = 1.0 if choice.reason else float(number == place)
        yield Outcome(METRIC, choice.reason or "leak", category, test.id, choice.sample, value)
    if place is None:
        return
    yield Outcome(METRIC, "moved", categories[place], test.id, choice.sample, float(choice.option != usual))
    if answer in test.options:
        right_place = categories[test.options.index(answer)]
        yield Outcome(METRIC, "right", right_place, test.id, choice.sample, float(choice.option == answer))


def _choices(generated: GeneratedJob) -> Iterator[Choice]:
    labels = generated.job.rule.get(LABELS, "").splitlines()
    for test, answers in zip(generated.job.tests, generated.tests, strict=True):
        for sample, answer in enumerate(answers):
            yield Choice(test, sample, *_chosen(answer, labels, test.options))


def _chosen(answer: Answer, labels: Sequence[str], options: Sequence[str]) -> tuple[int | None, Lost | None]:
    if reason := lost(answer):
        return None, reason
    place = chosen_place(answer.text, labels, options, cut_off=answer.ended == "length")
    return place, "unparsed" if place is None else None


def _most_frequent(choices: Sequence[Choice]) -> str | None:
    """The option that most of a job's answers chose; of several the one that stands first in the suite's order."""
    counts = Counter(choice.option for choice in choices if choice.place is not None)
    in_order = choices[0].test.options if choices else ()
    return max(in_order, key=lambda option: counts[option]) if counts else None
