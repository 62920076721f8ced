"""Has a stream of runs changed? A test that may be looked at after every run, for ever.

While nothing changes, the runs of a stream, those of its baseline included, are exchangeable: the newest is equally
likely to hold any rank among all so far, and the ranks are independent of one another, whatever the runs have in
common with their times and their jobs with each other. So nothing is assumed but that order, and the baseline is one
more part of the stream, with noise of its own. The price: of k runs after a change, and n before it, no such test has
more evidence than that all k are the highest, of which the chance is 1 in (n + k) over k. Sources: Vovk, Gammerman and
Shafer 2005, Algorithmic Learning in a Random World, chapters 2 and 8; Vovk 2021, Testing randomness online, Statistical
Science 36(4).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALARM = 20.0
"""An e-value that a stream without change ever reaches with a probability of at most 1 / 20 (Ville 1939)."""
ROUNDING_DIGITS = 9  # sums closer than this are equal: they must tie
LARGEST_EVIDENCE = 1e200  # far beyond any doubt, and a number that JSON can say

# A run after a change is expected at the very end of all ranks, or among so large a share of the unchanged runs at that
# end; 1 is anywhere at all, so that no single run can undo what others have shown. Any values are valid; these are fast
# for changes of several standard deviations, and lose little for those of one or two.
DEPTHS = np.array([0.0, 0.05, 0.2, 1.0])
DEPTH_SHARES = np.array([0.8, 0.1, 0.06, 0.04])
CHANGE, NO_CHANGE = 0.25, 0.75
"""The share of runs that are the first changed one is unknown, with a Beta(1/4, 3/4) distribution: as likely soon as
the level lets a change be found at all, and not much less likely after years."""


def conformity_scores(jobs: Floats) -> Floats:
    """How high each run scores: `jobs` is [runs, jobs], sums of leak scores, NaN where a run lacks a job.

    A missing job counts as the mean of all runs that have it. So each score is the same function of the run and of the
    set of all runs, in which none is special: the scores are as exchangeable as the runs are, missing jobs included.
    """
    above = jobs - np.nanmean(jobs, axis=0)
    return np.asarray(np.round(np.nansum(above, axis=1), ROUNDING_DIGITS))


def conformal_p(scores: Floats, draw: float) -> float:
    """The rank of the last score among all, in [0, 1): uniform, and independent of earlier ones, while nothing changes.

    `draw` is uniform in [0, 1); it breaks ties, or a model that always answers alike would not have uniform ranks.
    Source: smoothed conformal p-values, Vovk, Gammerman and Shafer 2005, section 2.2.
    """
    below = np.sum(scores < scores[-1])
    equal = np.sum(scores == scores[-1])
    return float((below + draw * equal) / len(scores))


def e_values(p_values: Sequence[float], baseline_runs: int) -> Floats:
    """Evidence after each run that the stream changed at some run since the baseline: 1 says nothing.

    For a change at each run, up or down, a martingale bets on the p-values from it on; the evidence is the mean over
    all of them, weighted by how likely a change is to come there; changes yet to come hold their weight at 1. Sources:
    betting on p-values, Vovk, Gammerman and Shafer 2005, section 7.1; changes that may come at any time, Shiryaev 1963.
    """
    count = len(p_values)
    prior = _change_probabilities(count)
    evidence = np.ones((2, count))
    found = np.empty(count)
    for run, p in enumerate(p_values):
        so_far = slice(run + 1)
        unchanged = baseline_runs + np.arange(run + 1)  # runs before a change at each of the runs so far
        of_changes = evidence[:, so_far] * _bets(np.array([p, 1 - p]), unchanged, baseline_runs + run)
        evidence[:, so_far] = np.minimum(of_changes, LARGEST_EVIDENCE)
        found[run] = evidence[:, so_far].mean(axis=0) @ prior[so_far] + 1 - prior[so_far].sum()
    return found


def combined(overall: float | None, of_cells: Sequence[float]) -> float:
    """One e-value for several cells, and for all of them together where there is such a one: half of the level is its
    own, the rest is shared.

    It is the largest of the e-values, each times its share of the level (Bonferroni). Their mean would be larger, but
    each is a martingale only among its own ranks, and means of such are not valid (Choe and Ramdas 2024, Combining
    evidence across filtrations).
    """
    shared = max(of_cells, default=0.0) / max(1, len(of_cells))
    return shared if overall is None else max(overall, shared) / 2


def _bets(ps: Floats, unchanged: NDArray[np.int64], history: int) -> Floats:
    """By how much each of the p-values multiplies the evidence for changes after so many `unchanged` of the `history`
    runs: a density on [0, 1], high where the newest run ranks among the changed ones, above the unchanged ones."""
    changed = history - unchanged + 1  # the newest run included
    ends = (changed[:, None] + DEPTHS * unchanged[:, None]) / (history + 1)
    return np.asarray((ps[:, None, None] > 1 - ends) / ends @ DEPTH_SHARES)


def _change_probabilities(count: int) -> Floats:
    """How likely each of the next `count` runs is to be the first changed one, before any is seen (beta-geometric)."""
    places = np.arange(count)
    ratios = np.where(places == 0, CHANGE, NO_CHANGE + places - 1) / (CHANGE + NO_CHANGE + places)
    return np.cumprod(ratios)
