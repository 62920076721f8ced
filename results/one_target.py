"""Whether runs are so alike in how they were made that their samples may change places."""

from collections.abc import Mapping, Sequence

from results.comparison import DECODING, known_differences
from results.runs import RunSummary
from results.sums import SampleSums
from seep.provenance import described

# Of a run's jobs. Where fewer have answers that differ, its samples are copies of each other rather than a sample.
LEAST_DIFFERING = 0.5


def samples_may_change_places(
    run: RunSummary, references: Sequence[RunSummary], samples: Sequence[Sequence[SampleSums]]
) -> bool:
    """Whether an unchanged target could have given each sample of these runs to any of them.

    That takes runs made alike in everything that is known, and answers drawn at random: never at temperature 0, nor
    where a server gives the same answer again. `samples` are the run's, then those of each of the references.
    """
    if any(each.cluster != "job" or not each.provenance for each in (run, *references)):
        return False
    if any(known_differences(run, reference).keys() - {"samples"} for reference in references):
        return False
    return _temperature(run.provenance) != 0 and all(map(_differ, samples))


def _temperature(provenance: Mapping[str, str]) -> object:
    """None where it is not known: an import, or a model that takes none."""
    return described(provenance, DECODING).get("temperature")


def _differ(samples: Sequence[SampleSums]) -> bool:
    by_job = {row.job_id: row.differ for row in samples}
    return sum(by_job.values()) >= LEAST_DIFFERING * max(1, len(by_job))
