"""What the clusters of a comparison would differ by, had other ones of their samples been the run's."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from results.rates import ALL
from results.statistics.exchanges import Floats, choices_of, differences_by_choice
from results.statistics.paired import Cluster
from results.sums import SampleSums
from seep.settings.metrics import MEAN

Cell = tuple[str, str]
Place = tuple[int, int]
"""A sample by the run it is of, 0 for the run itself, and its number there."""
Table = tuple[Floats, Floats]
"""The sums of leak scores by job and place, and how many they are of; 0 of 0 where there are none."""


def sample_differences(
    clusters: Mapping[Cell, Mapping[str, Cluster]], samples: Sequence[Sequence[SampleSums]], common: Sequence[str]
) -> Mapping[Cell, Mapping[str, Floats]]:
    """By cell and job the difference of each choice of the samples; `samples` are the run's, then the reference's.

    A job has the same choices in all cells, so that an exchange is one of all cells at once.
    """
    jobs = {name: number for number, name in enumerate(sorted({row.job_id for rows in samples for row in rows}))}
    listed = {(run, sample) for run, rows in enumerate(samples) for row in rows for sample in row.samples}
    places = {place: number for number, place in enumerate(sorted(listed))}
    tables = _with_mean(_tables(samples, jobs, places), common)
    if not tables:
        return {cell: {} for cell in clusters}
    there = np.any([sizes > 0 for _, sizes in tables.values()], axis=0)
    ours = there[:, [run == 0 for run, _ in places]]
    choices = choices_of(ours.sum(axis=1).tolist(), there.sum(axis=1).tolist())
    totals, sizes = (np.array(columns) for columns in zip(*tables.values(), strict=True))
    found = [
        differences_by_choice(totals[:, job, there[job]], sizes[:, job, there[job]], of_job)
        for job, of_job in enumerate(choices)
    ]
    order = {cell: number for number, cell in enumerate(tables)}
    return {
        cell: {
            # A cell of none of the samples has no difference whatever is chosen.
            name: cluster.pairs * (found[jobs[name]][order[cell]] if cell in order else 0 * found[jobs[name]][0])
            for name, cluster in of_cell.items()
        }
        for cell, of_cell in clusters.items()
    }


def _tables(
    samples: Sequence[Sequence[SampleSums]], jobs: Mapping[str, int], places: Mapping[Place, int]
) -> dict[Cell, Table]:
    """By cell, over all categories too; sums are added in the order of the rows."""
    at: defaultdict[Cell, list[int]] = defaultdict(list)
    totals: defaultdict[Cell, list[float]] = defaultdict(list)
    sizes: defaultdict[Cell, list[float]] = defaultdict(list)
    for run, rows in enumerate(samples):
        of_samples: dict[tuple[int, ...], list[int]] = {}  # nearly all rows have the same ones
        for row in rows:
            samples_of_row = tuple(row.samples)
            if samples_of_row not in of_samples:
                of_samples[samples_of_row] = [places[run, sample] for sample in samples_of_row]
            start = jobs[row.job_id] * len(places)
            positions = [start + place for place in of_samples[samples_of_row]]
            for cell in ((row.metric, row.category), (row.metric, ALL)):
                at[cell] += positions
                totals[cell] += row.totals
                sizes[cell] += row.sizes

    def table(positions: list[int], values: list[float]) -> Floats:
        of_all = np.bincount(positions, values, minlength=len(jobs) * len(places))
        return np.asarray(of_all, dtype=np.float64).reshape(len(jobs), len(places))

    return {cell: (table(at[cell], totals[cell]), table(at[cell], sizes[cell])) for cell in at}


def _with_mean(tables: Mapping[Cell, Table], common: Sequence[str]) -> Mapping[Cell, Table]:
    """The same, and the mean of several metrics as one more, of as many scores as the fewest that one of them has."""
    if len(common) < 2:
        return tables
    means: dict[Cell, Table] = {}
    for _, category in tables:
        of_metrics = [tables[metric, category] for metric in common if (metric, category) in tables]
        if len(of_metrics) == len(common):
            fewest = np.min([sizes for _, sizes in of_metrics], axis=0)
            means[MEAN, category] = fewest * _added([_mean(table) for table in of_metrics]) / len(common), fewest
    return {**tables, **means}


def _mean(table: Table) -> Floats:
    totals, sizes = table
    return np.asarray(totals / np.maximum(sizes, 1))


def _added(parts: Sequence[Floats]) -> Floats:
    """The sum, rounded once: of two an addition is that already."""
    if len(parts) == 2:
        return np.asarray(parts[0] + parts[1])
    stacked = np.stack(parts, axis=-1)
    return np.array([math.fsum(each) for each in stacked.reshape(-1, len(parts)).tolist()]).reshape(parts[0].shape)
