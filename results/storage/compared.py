"""A run beside others as their sums are kept: the one way to a verdict that somebody asks for."""

from collections.abc import Sequence
from dataclasses import dataclass

from results.comparison import CellVerdict, LeakSum, compare, decide, decide_with, too_much_missing
from results.runs import RunSummary
from results.statistics.verdicts import Verdict
from results.storage import sums
from results.storage.database import Connection


@dataclass(frozen=True)
class Compared:
    """The cells of a comparison, the verdict, and the `reason` that keeps it open although the numbers would decide.

    `run_sums` and `reference_sums`, one list for each run of the reference, are what it rests on.
    """

    cells: Sequence[CellVerdict]
    verdict: Verdict
    reason: str | None
    run_sums: Sequence[LeakSum]
    reference_sums: Sequence[Sequence[LeakSum]]


def compare_runs(connection: Connection, run: RunSummary, reference: Sequence[RunSummary], delta: float) -> Compared:
    """The run against those of the reference; `delta`, in points, is the smallest change that matters."""
    together = [run, *reference]
    run_sums, *reference_sums = [sums.leak_sums(connection, one.run_id) for one in together]
    samples = sums.exchangeable_samples(connection, run, reference)
    expected = {category for summary in together for category in summary.expected_comparisons}
    cells = compare(run_sums, reference_sums, expected, delta, samples)
    reason = None if decide(cells) == "not measured" else too_much_missing(together)
    return Compared(cells, decide_with(cells, reason), reason, run_sums, reference_sums)
