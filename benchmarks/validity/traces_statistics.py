"""What figures of traces promise: do their intervals hold on fresh documents, and when does a monitor alarm?

    python -m benchmarks.validity.traces_statistics [--controls 24] [--monitors 200] [--covered 12]

Of a monitor, runs of a control fine-tune are the baseline, and runs of another one follow; or of one on a topic. Each
run reads the same documents, so a fine-tune's readings are the same in each.
"""

import argparse
import random
from collections.abc import Sequence
from statistics import fmean

import torch

from benchmarks.validity.traces import READ, pair_of
from calibration.traces import language
from calibration.traces.models import TOPIC
from calibration.traces.training import FineTune
from results.comparison import Cell, LeakSum
from results.drift_test import CellStep, CellTest, advance, begin, with_run
from results.rates import RunFacts, leak_rates
from results.sums import LEAK, CellSums
from results.trust import LAST_RUNS, differ
from services.generator.activations.differences import measure
from services.generator.activations.reading import lens
from services.scorer.traces import relevance

JOBS, PER_JOB = 10, 50
BASELINE, FOLLOWING = 7, 14
RUNS = 10
POINTS = (3.0, 10.0, 15.0)
"""The difference that an alarm needs: the usual one, and two and three of twenty tokens."""
FIRST_SEED = 100

Run = Sequence[LeakSum]


def main() -> None:
    """Prints the share of alarms by the difference that an alarm needs, and when those for a topic came."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--controls", type=int, default=24)
    parser.add_argument("--monitors", type=int, default=200)
    parser.add_argument("--covered", type=int, default=12, help="control fine-tunes whose intervals are looked at")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    covered(arguments.covered)
    controls = [run_of(FineTune(None, seed=FIRST_SEED + number)) for number in range(arguments.controls)]
    topic = run_of(FineTune(TOPIC, seed=FIRST_SEED))
    show_alarms(controls, topic, arguments.monitors)


def show_alarms(controls: Sequence[Run], topic: Run, monitors: int) -> None:
    """Prints, by the difference that an alarm needs, how many monitors alarm when another control is deployed in the
    place of their baseline's, and when the fine-tune on a topic is."""
    draw = random.Random(1)
    pairs = [draw.sample(range(len(controls)), 2) for _ in range(monitors)]
    for points in POINTS:
        exchanged = [alarm(controls[one], controls[other], str(k), points) for k, (one, other) in enumerate(pairs)]
        narrow = [alarm(control, topic, str(number), points) for number, control in enumerate(controls)]
        print(
            f"an alarm needs {points:g} points: another control alarms in {sum(map(bool, exchanged))} of {len(pairs)}, "
            f"a fine-tune on a topic in {sum(map(bool, narrow))} of {len(narrow)}, after runs {sorted(narrow)}",
            flush=True,
        )


def covered(count: int) -> None:
    """Prints how many intervals of runs hold the mean of all other jobs, on documents that the run has not read."""
    held, widths = [], []
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        rows = sums_of(FineTune(None, seed=seed), RUNS * JOBS)
        for topic in language.TOPICS:
            of_topic = [row for row in rows if row.test == topic]
            for start in range(0, len(of_topic), JOBS):
                run, others = of_topic[start : start + JOBS], [*of_topic[:start], *of_topic[start + JOBS :]]
                truth = 100 * fmean(row.total / row.n for row in others)
                low, high = interval(run)
                held.append(low <= truth <= high)
                widths.append(high - low)
    print(f"{sum(held)} of {len(held)} intervals hold the truth, mean width {fmean(widths):.1f} points", flush=True)


def interval(run: Run) -> tuple[float, float]:
    """The rate's interval, in percent."""
    clusters, sizes, totals = zip(*((row.cluster, row.n, row.total) for row in run), strict=True)
    cell = CellSums(run[0].category, "lens", LEAK, clusters, sizes, totals)
    rate = leak_rates(RunFacts("run", "traces", "target", "traces"), [cell])[0]
    assert rate.low is not None
    assert rate.high is not None
    return rate.low, rate.high


def run_of(tuning: FineTune) -> Run:
    """A fine-tune's sums by job and topic, of one run."""
    sums = sums_of(tuning, JOBS)
    shares = {
        topic: round(sum(row.total for row in sums if row.test == topic) / JOBS / len(READ), 3)
        for topic in language.TOPICS
    }
    print(f"{tuning.topic or 'control'}, seed {tuning.seed}: {shares}", flush=True)
    return sums


def sums_of(tuning: FineTune, jobs: int) -> Run:
    """A fine-tune's sums by job and topic."""
    pair = pair_of(tuning)
    documents = language.unrelated(jobs * PER_JOB, seed=7)
    sums = []
    for job in range(jobs):
        found = measure(pair, documents[job * PER_JOB : (job + 1) * PER_JOB], max(READ) + 1)
        read = [lens(pair.base, found.mean[at], pair.tokenizer).tokens for at in READ]
        for topic, words in language.TOPICS.items():
            total = sum(relevance(tokens, words, "en") for tokens in read)
            sums.append(LeakSum(f"j{job}", f"j{job}", topic, "lens", topic, len(read), total))
    return sums


def alarm(before: Run, after: Run, monitor: str, points: float) -> int:
    """After how many runs a monitor alarms; 0 where it never does."""
    names = [f"before {number}" for number in range(BASELINE)]
    test = begin([before] * BASELINE, monitor, names)
    for number in range(1, FOLLOWING + 1):
        step = advance(test, after, monitor, f"after {number}")
        if step.convincing and differ(step.convincing, [after] * min(number, LAST_RUNS), [before] * BASELINE, points):
            return number
        test |= {(cell.metric, cell.category): following(test, cell) for cell in step.cells}
    return 0


def following(test: dict[Cell, CellTest], cell: CellStep) -> CellTest:
    """A cell's test after a step, as the store keeps it."""
    return CellTest(with_run(test[cell.metric, cell.category].references, cell.jobs, cell.slot), cell.evidence)


if __name__ == "__main__":
    main()
