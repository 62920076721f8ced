"""Position and sway against planted truths: `python -m benchmarks.validity.decisions`.

Answers are texts, read as a model's are. A question's bias, and a job's nudge, differ from the mean that is planted, so
that questions are clusters in earnest.
"""

import random
from collections.abc import Callable, Iterator, Sequence

from results.job_sums import per_test_sums, sums_per_cluster
from results.rates import RunFacts, leak_rates
from results.sums import CellSums
from seep.outcomes import Outcome, outcome_series
from seep.records import (
    Answer,
    Decoding,
    GeneratedJob,
    LeakRate,
    PromptFormat,
    PromptJob,
    PromptTest,
    ScoredJob,
)
from seep.suites.position import LABELS, cyclic_orders
from seep.suites.sway import KIND
from services.scorer import position, sway
from services.scorer.mode import exact

RUNS = 200
JOBS = 40
SAMPLES = 3
OPTIONS = ("London", "Paris", "Rome", "Madrid")
SAID = ("{}", "{}.", "The answer is {}.", "**{}**", "({})")
SPREAD = 0.15
"""A question's own share differs from the planted one by so much at most, either way."""
EXACT = exact(1e-6)


def main() -> None:
    """Prints a line for each planted truth: how many runs hold it in their interval."""
    draw = random.Random(1)
    for bias in (0.0, 0.1, 0.3):
        runs = [places(bias, draw) for _ in range(RUNS)]
        report(f"position, P(A) = 0.25 + {bias}", 25 + 100 * bias, runs)
    for nudge in (0.0, 0.2, 0.5):
        runs = [nudges(nudge, draw) for _ in range(RUNS)]
        report(f"sway, {nudge:.0%} of the answers follow the nudge", 100 * truth_of_nudge(nudge), runs)


def report(what: str, truth: float, runs: Sequence[LeakRate]) -> None:
    """One line; the truth in percent."""
    found = [
        (run.rate, run.low, run.high)
        for run in runs
        if run.rate is not None and run.low is not None and run.high is not None
    ]
    if len(found) < len(runs):
        print(f"{what}: {len(runs) - len(found)} of {len(runs)} runs have no rate")
    if not found:
        return
    inside = sum(low <= truth <= high for _, low, high in found)
    mean = sum(rate for rate, _, _ in found) / len(found)
    width = sum(high - low for _, low, high in found) / len(found)
    print(f"{what}: truth {truth:.2f} %, mean {mean:.2f} %, inside {inside} of {len(found)}, mean width {width:.1f}")


def places(bias: float, draw: random.Random) -> LeakRate:
    """The first place's rate of a run of a model that says A, whatever stands there, in 4/3 of `bias` of its answers,
    and else knows the answer: P(A) = 0.25 + bias."""
    jobs = []
    for number in range(JOBS):
        own = spread(bias * 4 / 3, draw)
        orders = cyclic_orders(OPTIONS)
        tests = tuple(PromptTest(str(turn), "Paris", "?", "c", order) for turn, order in enumerate(orders))
        said = [
            [said_place(0 if draw.random() < own else o.index("Paris"), draw) for _ in range(SAMPLES)] for o in orders
        ]
        jobs.append(job(number, tests, {LABELS: "A\nB\nC\nD"}, said))
    expected = {f"c@{place}": 4 * JOBS * SAMPLES for place in (1, 2, 3, 4)}
    return rate_of(jobs, position.score, expected, "c@1")


def nudges(nudge: float, draw: random.Random) -> LeakRate:
    """The rate of a run of a model that says the target in 0.3 of its plain answers, and follows the nudge else."""
    jobs = []
    for number in range(JOBS):
        own = spread(nudge, draw)
        plain = [option(0.3, draw) for _ in range(SAMPLES)]
        nudged = [option(own + (1 - own) * 0.3, draw) for _ in range(SAMPLES)]
        test = PromptTest("t", "Rome", "?", "c", OPTIONS[1:3])
        jobs.append(job(number, (test,), {KIND: "option"}, [nudged], plain))
    return rate_of(jobs, lambda each: sway.score(each, EXACT), {"c": JOBS * SAMPLES}, "c")


def truth_of_nudge(nudge: float) -> float:
    """P(test chooses the target, reference not) + half of P(both alike); the mean over jobs, since it is linear."""
    of_test, plain = nudge + (1 - nudge) * 0.3, 0.3
    return 0.5 + (of_test - plain) / 2


def spread(share: float, draw: random.Random) -> float:
    """A job's own share, around the planted one."""
    room = min(SPREAD, share, 1 - share)
    return share + draw.uniform(-room, room)


def said_place(place: int, draw: random.Random) -> str:
    """An answer that names a place's letter, in one of the ways that models have."""
    return draw.choice(SAID).format("ABCD"[place])


def option(target: float, draw: random.Random) -> str:
    """An answer that names the target with this probability, else the other option."""
    return draw.choice(SAID).format("Rome" if draw.random() < target else "Paris")


def job(
    number: int,
    tests: tuple[PromptTest, ...],
    rule: dict[str, str],
    said: Sequence[Sequence[str]],
    plain: Sequence[str] | None = None,
) -> GeneratedJob:
    """A generated job; `plain` are the answers of control and neutral arm, where it has these."""
    control, neutral = ("?", "??") if plain is not None else (None, None)
    prompts = PromptJob(
        *("run", str(number), "t", "s", "1", "sha256:0", "p", "en"),
        "job",
        PromptFormat("chat"),
        Decoding(1.0, 1.0, 9, "none"),
        SAMPLES,
        control,
        neutral,
        tests,
        rule,
        "control" if plain is None else "neutral",
    )
    arm = tuple(map(Answer, plain or ()))
    return GeneratedJob(prompts, arm, arm, tuple(tuple(map(Answer, of_test)) for of_test in said))


def rate_of(
    jobs: Sequence[GeneratedJob],
    score: Callable[[GeneratedJob], list[Outcome]],
    expected: dict[str, int],
    category: str,
) -> LeakRate:
    """The rate of one category, from the jobs' answers."""
    shared = [frozenset(expected)] if len(expected) > 1 else []
    facts = RunFacts("run", "s", "t", "p", expected, shared=shared)
    rates = leak_rates(
        facts, list(cells([ScoredJob(each, outcome_series(score(each), each.job), ()) for each in jobs]))
    )
    return next(rate for rate in rates if rate.category == category)


def cells(scored: Sequence[ScoredJob]) -> Iterator[CellSums]:
    """The sums by category, metric and measure, as the store gives them."""
    grouped: dict[tuple[str, str, str], list[tuple[str, int, float]]] = {}
    for each in scored:
        for row in sums_per_cluster(per_test_sums(each)):
            for measure, n, total in zip(row.measures, row.sizes, row.totals, strict=True):
                grouped.setdefault((row.category, row.metric, measure), []).append((row.cluster, n, total))
    for key, rows in grouped.items():
        clusters, sizes, totals = zip(*rows, strict=True)
        yield CellSums(*key, clusters, sizes, totals)


if __name__ == "__main__":
    main()
