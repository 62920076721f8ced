"""A comparison of a run with others as somebody asks for it: computed from the sums, within bounds, and not kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from results.comparison import CellVerdict, incomparable, known_differences, refuse_incomparable
from results.flips import Flip, Flips, flips
from results.runs import RunSummary
from results.statistics.verdicts import DELTA_POINTS, Verdict
from results.storage import comparisons, runs
from results.storage.compared import compare_runs
from results.storage.database import Connection
from results.sums import LEAK, Comparison
from seep.errors import InputError

MOST_SUMS = 200_000
MOST_FLIPS = 10
# A run's answers to one test that are looked at for one that shows the flip.
MOST_SAMPLES = 20

# The state of the runs, to know a comparison again that was computed before.
CHANGES: LiteralString = "SELECT run_id, changes FROM runs WHERE run_id = ANY(%s) ORDER BY run_id"

TOO_MANY: LiteralString = """
SELECT count(*) FROM (
    SELECT FROM test_sums WHERE run_id = ANY(%(runs)s) AND 'leak' = ANY(measures) LIMIT %(limit)s
) AS counted
"""


@dataclass(frozen=True)
class ShownFlip:
    """A flip with an answer of each side that shows it; None where the texts are deleted."""

    flip: Flip
    before: Comparison | None
    after: Comparison | None


@dataclass(frozen=True)
class AdHoc:
    """A run against the runs of a reference: what decides, what it rests on, and which tests moved most.

    `reason` says what keeps the verdict open although the numbers would decide. `differences` are in what the run
    differs from the reference's first, by name: the reference's value and the run's.
    """

    run: RunSummary
    reference: Sequence[RunSummary]
    verdict: Verdict
    reason: str | None
    differences: dict[str, tuple[str, str]]
    cells: Sequence[CellVerdict]
    flips: Sequence[Flips]


def state(connection: Connection, run_ids: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Something that changes whenever one of the runs does."""
    return tuple((run_id, changes) for run_id, changes in connection.execute(CHANGES, (list(run_ids),)))


def ad_hoc(connection: Connection, run_id: str, reference: Sequence[str], stalled_after_seconds: float) -> AdHoc:
    """The comparison; raises InputError for runs that are unknown, must not be compared, or are too large for this."""
    run, *references = _comparable(connection, [run_id, *reference], stalled_after_seconds)
    forbidden = incomparable(run, references[0])
    if forbidden:
        raise InputError(
            f"runs {references[0].run_id} and {run_id} differ in {', '.join(forbidden)}, so a difference would say"
            f" nothing of the model; `seep compare {run_id} {references[0].run_id} --allow-different` compares them"
        )
    _refuse_too_many(connection, [run_id, *reference])
    compared = compare_runs(connection, run, references, DELTA_POINTS)
    ours, theirs = compared.run_sums, compared.reference_sums
    metrics = sorted({row.metric for row in ours} & {row.metric for of_run in theirs for row in of_run})
    together = [row for of_run in theirs for row in of_run]
    return AdHoc(
        run=run,
        reference=references,
        verdict=compared.verdict,
        reason=compared.reason,
        differences=known_differences(run, references[0]),
        cells=compared.cells,
        flips=[flips(ours, together, metric, MOST_FLIPS) for metric in metrics],
    )


def shown(connection: Connection, found: Flips, run_id: str, reference: Sequence[str]) -> list[ShownFlip]:
    """The largest flips with their answers."""
    before = _answers(connection, reference, found, [_mostly(flip.was, flip.now) for flip in found.largest])
    after = _answers(connection, [run_id], found, [_mostly(flip.now, flip.was) for flip in found.largest])
    return [ShownFlip(flip, *sides) for flip, *sides in zip(found.largest, before, after, strict=True)]


def _comparable(connection: Connection, run_ids: Sequence[str], stalled_after_seconds: float) -> list[RunSummary]:
    known = runs.several(connection, run_ids, stalled_after_seconds)
    for run_id in run_ids:
        if run_id not in known:
            raise InputError(f"run {run_id}: there is no such run")
        refuse_incomparable(known[run_id])
    if len(set(run_ids)) < len(run_ids):
        raise InputError(f"run {run_ids[0]}: it belongs to what it is to be compared with")
    return [known[run_id] for run_id in run_ids]


def _refuse_too_many(connection: Connection, run_ids: Sequence[str]) -> None:
    row = connection.execute(TOO_MANY, {"runs": list(run_ids), "limit": MOST_SUMS + 1}).fetchone()
    if row and row[0] > MOST_SUMS:
        others = " ".join(run_ids[1:2])
        raise InputError(f"these runs are too large to compare here; `seep compare {run_ids[0]} {others}` does it")


def _mostly(mean: float, on_the_other_side: float) -> bool:
    """Whether most answers of a side leak; of half of them those are shown that the other side has fewer of."""
    return mean > 0.5 or (mean == 0.5 and mean > on_the_other_side)


def _answers(
    connection: Connection, run_ids: Sequence[str], found: Flips, leaks: Sequence[bool]
) -> list[Comparison | None]:
    """An answer to each flip's test that leaks, or does not, of the first run that has one; else any."""
    tests = [(flip.job_id, flip.test, flip.category) for flip in found.largest]
    usual: dict[int, Comparison] = {}
    any_of: dict[int, Comparison] = {}
    for run_id in run_ids:
        left = [number for number in range(len(tests)) if number not in usual]
        wanted = [tests[number] for number in left]
        of_run = comparisons.of_tests(connection, run_id, found.metric, wanted, MOST_SAMPLES)
        for number, of_test in zip(left, of_run, strict=True):
            for each in of_test:
                any_of.setdefault(number, each)
                if each.outcomes.get(found.metric, {}).get(LEAK) == float(leaks[number]):
                    usual.setdefault(number, each)
    return [usual.get(number, any_of.get(number)) for number in range(len(tests))]
