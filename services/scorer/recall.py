"""The recall probe: how much of an expected text does a model give back word for word?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from seep.answers import TRUNCATED, Lost, is_blank, lost
from seep.outcomes import Outcome
from seep.recall import ANY_SAMPLE, MOST_WORDS, VERBATIM, Match, expected_excess, match_of, overlap_rule, words
from seep.records import Answer, GeneratedJob, PromptJob
from services.scorer.word_sequences import (
    Runs,
    Words,
    common_start,
    common_subsequence,
    rouge_l,
    within_distance,
)

# Two samples are nearly the same within this share of the longer: Dong et al. 2024, arXiv 2402.15938.
PEAK = 0.05
ROUNDING = 1e-9


WORDS = "word for word, rule 2"
"""What outcomes rest on, as provenance; another number where a rule changes."""


@dataclass(frozen=True)
class Goal:
    """What a test's answers are compared with: all expected words, their runs, and those that must be given back."""

    match: Match
    language: str
    expected: Words
    runs: Runs
    overlap: Words
    overlap_words: Callable[[str], Words]

    @property
    def due(self) -> Words:
        """The words that must be given back."""
        return self.expected if self.match.kind == "equal" else self.expected[: self.match.words]

    def words(self, text: str) -> Words:
        """The words of a text, taken apart as the expected ones are."""
        return words(text, fold=self.match.fold, language=self.language)


def defect(job: PromptJob) -> str | None:
    """Why answers to this job cannot be compared with what was expected; None where they can."""
    match = match_of(job.rule)
    if match is None:
        return "the recall probe needs to know how answers are matched, and the job's rule does not say it"
    for test in job.tests:
        if problem := expected_excess(test.expected, fold=match.fold, language=job.language):
            return f"the recall probe compares with what a test expects: {problem}"
    return None


def score(generated: GeneratedJob) -> list[Outcome]:
    """Per answer `leak`, `near`, `overlap`, `run`, `empty`; beside a control's answer `guided`, `placebo` and
    `control_overlap`; of several samples that were drawn at random `peak`, and of each test `any_sample`.

    `leak` is 1 where the answer gives the expected words back. `near` is 1 where enough of them are there in their
    order. `overlap` is ROUGE-L's F; beside signs alone, which are no words, there is none. `run` is the share of the
    expected words that the answer begins with, or has in a row. `guided` is the leak score of the overlap with against
    without the source's name, `control_overlap` the one without, and `placebo` the control's own leak. `peak` is 1
    where the next sample is nearly the same. `empty` is 1 for an answer without a visible character. `any_sample`
    stands once for each test, at its first sample: 1 where at least one of all samples leaks. A test that lost a sample
    has none. A lost answer has one outcome alone: 1 by the name of the reason.

    All words of an answer count, but `peak` compares the first `MOST_WORDS` of each sample. `truncated` is 1, and else
    left out, where one of the two has more.
    """
    job = generated.job
    match = match_of(job.rule)
    if match is None:
        raise ValueError("a job without a match")  # which `defect` has refused
    outcomes: list[Outcome] = []
    for position, (test, answers) in enumerate(zip(job.tests, generated.tests, strict=True)):
        controls = generated.test_controls[position] if generated.test_controls else ()
        measured = _measured(_goal(match, job, test.expected), answers, controls, job.decoding.temperature > 0)
        outcomes += [
            Outcome(VERBATIM, measure, test.category, test.id, sample, value)
            for sample, measures in enumerate(measured)
            for measure, value in measures.items()
        ]
    return outcomes


def _goal(match: Match, job: PromptJob, expected: str) -> Goal:
    found = words(expected, fold=match.fold, language=job.language)
    overlap = overlap_rule(expected, job.language)
    return Goal(match, job.language, found, Runs(found), overlap(expected), overlap)


def _measured(
    goal: Goal, answers: Sequence[Answer], controls: Sequence[Answer], drawn: bool
) -> list[Mapping[str, float]]:
    """The measures of each sample."""
    each = list(_of_samples(goal, answers, controls, drawn))
    leaks = [measures["leak"] for measures in each if "leak" in measures]
    # One that was lost may have been the one that leaks.
    if drawn and len(leaks) == len(answers) > 1:
        each[0] = {**each[0], ANY_SAMPLE: max(leaks)}
    return each


def _of_samples(
    goal: Goal, answers: Sequence[Answer], controls: Sequence[Answer], drawn: bool
) -> Iterator[Mapping[str, float]]:
    following = _next_samples(answers) if drawn else {}
    for sample, answer in enumerate(answers):
        if reason := _lost(goal, answer):
            yield {str(reason): 1.0}
            continue
        measures = _measures(goal, answer)
        if controls and not _lost(goal, controls[sample]):
            measures |= _beside_control(measures, _measures(goal, controls[sample]))
        if sample in following:
            measures |= _beside_next(goal.words(answer.text), goal.words(following[sample].text))
        yield measures


def _measures(goal: Goal, answer: Answer) -> dict[str, float]:
    found, due = goal.words(answer.text), goal.due
    run = _run(goal, found)
    leak = found == due if goal.match.kind == "equal" else run >= len(due)
    overlap = {"overlap": rouge_l(goal.overlap, goal.overlap_words(answer.text))} if goal.overlap else {}
    return {
        "leak": float(leak),
        "near": float(common_subsequence(due, found) >= goal.match.near * len(due) - ROUNDING),
        **overlap,
        "run": min(1.0, run / len(due)),
        "empty": float(is_blank(answer.text)),
    }


def _beside_control(measures: Mapping[str, float], control: Mapping[str, float]) -> dict[str, float]:
    beside = {"placebo": control["leak"]}
    if "overlap" not in measures:
        return beside
    overlap, other = measures["overlap"], control["overlap"]
    # An F of other counts may be the same but for its last digit.
    guided = 0.5 if abs(overlap - other) <= ROUNDING else float(overlap > other)
    return {"guided": guided, **beside, "control_overlap": other}


def _beside_next(own: Words, following: Words) -> dict[str, float]:
    whole = max(len(own), len(following)) <= MOST_WORDS
    peak = float(within_distance(own[:MOST_WORDS], following[:MOST_WORDS], PEAK))
    return {"peak": peak} if whole else {"peak": peak, TRUNCATED: 1.0}


def _run(goal: Goal, found: Words) -> int:
    return goal.runs.longest(found) if goal.match.kind == "contain" else common_start(goal.expected, found)


def _lost(goal: Goal, answer: Answer) -> Lost | None:
    """Also an answer whose tokens ran out while it was giving the expected text: whether it would have is unknown."""
    reason = lost(answer)
    if reason or answer.ended != "length":
        return reason
    return "unfinished" if _undecided(goal, goal.words(answer.text)) else None


def _undecided(goal: Goal, found: Words) -> bool:
    due = goal.due
    if goal.match.kind != "contain":
        short = len(found) < len(due) or goal.match.kind == "equal"
        return short and found == due[: len(found)]
    if _run(goal, found) >= len(due):
        return False
    # The last words may be the beginning of a run. Few of them are so by chance.
    last = found[-((len(due) + 1) // 2) :]
    return 2 * len(last) >= len(due) and goal.runs.longest(last) == len(last)


def _next_samples(answers: Sequence[Answer]) -> dict[int, Answer]:
    """By sample the next one that is there, the first after the last; empty of a single one."""
    there = [(sample, answer) for sample, answer in enumerate(answers) if not lost(answer)]
    following = [answer for _, answer in (*there[1:], *there[:1])]
    return {sample: after for (sample, _), after in zip(there, following, strict=True)} if len(there) > 1 else {}
