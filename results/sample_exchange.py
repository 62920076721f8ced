"""What the clusters of a comparison would differ by, had other ones of their samples been the run's."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from results.rates import ALL
from results.statistics.exchanges import Floats, Samples, choices_of, differences_by_choice
from results.statistics.paired import Cluster
from results.sums import SampleSums
from seep.settings.metrics import MEAN

Cell = tuple[str, str]
Place = tuple[int, int]
"""A sample by the run it is of, 0 for the run itself, and its number there."""
Scores = Mapping[Place, tuple[float, int]]
"""By sample the sum of its leak scores, and how many they are."""


def sample_differences(
    clusters: Mapping[Cell, Mapping[str, Cluster]], samples: Sequence[Sequence[SampleSums]], common: Sequence[str]
) -> Mapping[Cell, Mapping[str, Floats]]:
    """By cell and job the difference of each choice of the samples; `samples` are the run's, then the reference's.

    A job has the same choices in all cells, so that an exchange is one of all cells at once.
    """
    scores = _with_mean(_scores(samples), common)
    places: defaultdict[str, set[Place]] = defaultdict(set)
    for (_, job), of_job in scores.items():
        places[job].update(of_job)
    ordered = {job: sorted(found) for job, found in sorted(places.items())}
    ours = {job: sum(run == 0 for run, _ in found) for job, found in ordered.items()}
    choices = dict(zip(ordered, choices_of(list(ours.values()), list(map(len, ordered.values()))), strict=True))
    return {
        cell: {
            job: differences_by_choice(
                _samples(scores.get((cell, job), {}), ordered[job], ours[job]), choices[job], cluster.pairs
            )
            for job, cluster in of_cell.items()
        }
        for cell, of_cell in clusters.items()
    }


def _scores(samples: Sequence[Sequence[SampleSums]]) -> dict[tuple[Cell, str], dict[Place, tuple[float, int]]]:
    """By cell and job, over all categories too."""
    found: defaultdict[tuple[Cell, str], dict[Place, tuple[float, int]]] = defaultdict(dict)
    for run, of_run in enumerate(samples):
        for row in of_run:
            for sample, n, total in zip(row.samples, row.sizes, row.totals, strict=True):
                for category in (row.category, ALL):
                    known = found[(row.metric, category), row.job_id]
                    before, counted = known.get((run, sample), (0.0, 0))
                    known[run, sample] = before + total, counted + n
    return dict(found)


def _with_mean(
    scores: Mapping[tuple[Cell, str], Mapping[Place, tuple[float, int]]], common: Sequence[str]
) -> Mapping[tuple[Cell, str], Scores]:
    """The same, and the mean of several metrics as one more, of as many scores as the fewest that one of them has."""
    if len(common) < 2:
        return scores
    means: dict[tuple[Cell, str], Scores] = {}
    for (metric, category), job in scores:
        of_metrics = [scores.get(((each, category), job), {}) for each in common]
        if metric == common[0] and all(of_metrics):
            means[(MEAN, category), job] = {
                place: _mean([of_metric[place] for of_metric in of_metrics])
                for place in of_metrics[0]
                if all(place in of_metric for of_metric in of_metrics)
            }
    return {**scores, **means}


def _mean(parts: Sequence[tuple[float, int]]) -> tuple[float, int]:
    fewest = min(n for _, n in parts)
    return fewest * math.fsum(total / n for total, n in parts) / len(parts), fewest


def _samples(scores: Scores, places: Sequence[Place], ours: int) -> Samples:
    of_places = [scores.get(place, (0.0, 0)) for place in places]
    return Samples([total for total, _ in of_places], [n for _, n in of_places], ours)
