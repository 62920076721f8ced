"""Has a stream of runs changed? A test that may be looked at after every run, for ever.

While nothing changes, the runs of a stream, those of its baseline included, are exchangeable: the newest is equally
likely to hold any rank among all so far, and the ranks are independent of one another, whatever the runs have in
common with their times and their jobs with each other. So nothing is assumed but that order, and the baseline is one
more part of the stream, with noise of its own. The price: of k runs after a change, and n before it, no such test has
more evidence than that all k are the highest, of which the chance is 1 in (n + k) over k. Sources: Vovk, Gammerman and
Shafer 2005, Algorithmic Learning in a Random World, chapters 2 and 8; Vovk 2021, Testing randomness online, Statistical
Science 36(4).

A stream may be longer than what is kept of it. Of more than MOST_REFERENCES runs one is left out by chance, the newest
as likely as any other. Which one goes is then independent of which one is the newest, given all of them, and those that
stay are exchangeable with all runs to come: so the ranks among the kept ones are uniform and independent too. Were the
newest less likely to go, as in a sample of the whole past, two ranks in a row would be of one and the same set, and
depend on each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALARM = 20.0
"""An e-value that a stream without change ever reaches with a probability of at most 1 / 20 (Ville 1939)."""
MOST_REFERENCES = 300
"""So many runs of a stream are kept to rank the next one among."""
MOST_CHANGES = 64
"""So many possible first changed runs are told apart: neighbours of long ago are merged."""
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
OF_PROFILE = 0.25
"""The share of the level that is the profile's."""


@dataclass(frozen=True)
class Evidence:
    """What is known after `runs` runs, of which the first `baseline_runs` are the baseline's.

    `wealth` is the evidence for a change at each of `changes` (numbers of runs, from 1), by direction [directions,
    changes], times how likely that change was; the wealth of several streams may come before: [..., directions,
    changes].
    """

    baseline_runs: int
    runs: int
    changes: NDArray[np.int64]
    wealth: Floats

    @property
    def e_values(self) -> Floats:
        """The evidence that the stream changed at some run since the baseline: 1 says nothing.

        What is set aside for changes yet to come holds its weight at 1.
        """
        return np.asarray(self.wealth.sum(axis=(-2, -1)) + _not_yet(self.runs - self.baseline_runs))


def no_evidence(baseline_runs: int, directions: int = 2, streams: tuple[int, ...] = ()) -> Evidence:
    """What is known when only the baseline is there; the one direction is up."""
    none = np.zeros((*streams, directions, 0))
    return Evidence(baseline_runs, baseline_runs, np.zeros(0, dtype=np.int64), none)


def conformity_scores(jobs: Floats) -> Floats:
    """How high each run scores: `jobs` is [runs, jobs], sums of leak scores, NaN where a run lacks a job.

    A missing job counts as the mean of all runs that have it. So each score is the same function of the run and of the
    set of all runs, in which none is special: the scores are as exchangeable as the runs are, missing jobs included.
    """
    above = jobs - np.nanmean(jobs, axis=0)
    return np.asarray(np.round(np.nansum(above, axis=1), ROUNDING_DIGITS))


def profile_distances(jobs: Floats) -> Floats:
    """How far each run is from the mean of all, job by job: squared distances, of the same [runs, jobs].

    A change in few jobs hardly moves a sum, but this; what all jobs of a run share moves it least. A missing job is as
    far as the others' are on average, so that here too no run is special.
    """
    squares = (jobs - np.nanmean(jobs, axis=0)) ** 2
    return np.asarray(np.round(np.nansum(squares - np.nanmean(squares, axis=0), axis=1), ROUNDING_DIGITS))


def conformal_p(scores: Floats, draw: float) -> float:
    """The rank of the last score among all, in [0, 1): uniform, and independent of earlier ones, while nothing changes.

    `draw` is uniform in [0, 1); it breaks ties, or a model that always answers alike would not have uniform ranks.
    Source: smoothed conformal p-values, Vovk, Gammerman and Shafer 2005, section 2.2.
    """
    below = np.sum(scores < scores[-1])
    equal = np.sum(scores == scores[-1])
    return float((below + draw * equal) / len(scores))


def slot_of_newest(runs: int, draw: float) -> int | None:
    """Where a run is kept that comes after so many: at the end, or in the place of the one that is left out.

    None if that is the newest itself; `draw` is uniform in [0, 1).
    """
    if runs < MOST_REFERENCES:
        return runs
    place = int(draw * (MOST_REFERENCES + 1))
    return place if place < MOST_REFERENCES else None


def add_rank(evidence: Evidence, p: Floats | float) -> Evidence:
    """The evidence after one more run, with its rank `p`, or one of each stream [...].

    For a change at each run, up or down, a martingale bets on the ranks from it on; the evidence is the mean over all
    of them, weighted by how likely a change is to come there. To merge two of them moves wealth from one bet to
    another, before either is known. Sources: betting on p-values, Vovk, Gammerman and Shafer 2005, section 7.1; changes
    that may come at any time, Shiryaev 1963.
    """
    newest = evidence.runs + 1
    directions = evidence.wealth.shape[-2]
    tested = newest - evidence.baseline_runs
    prior = np.broadcast_to(_first_now(tested) / directions, (*evidence.wealth.shape[:-1], 1))
    changes = np.append(evidence.changes, newest)
    wealth = np.concatenate((evidence.wealth, prior), axis=-1)
    rank = np.asarray(p, dtype=np.float64)
    ranks = np.stack((rank, 1 - rank)[:directions], axis=-1)
    wealth = np.minimum(wealth * _bets(ranks, changes, evidence.runs), LARGEST_EVIDENCE)
    return Evidence(evidence.baseline_runs, newest, *_merged(changes, wealth))


def shares_of_level(cells: int, overall: bool, profile: bool) -> tuple[float, float, float]:
    """Which part of the level belongs to each cell, to all of them together, and to the profile.

    Each e-value counts times its share (Bonferroni). Their mean would be larger, but each is a martingale only among
    its own ranks, and means of such are not valid (Choe and Ramdas 2024, Combining evidence across filtrations).
    """
    of_profile = OF_PROFILE if profile else 0.0
    of_all = (1 - of_profile) / 2 if overall else 0.0
    return (1 - of_profile - of_all) / max(1, cells), of_all, of_profile


def lag_one_autocorrelation(values: Sequence[float]) -> float | None:
    """How like its predecessor each value is, in [-1, 1]: near 0 where the order says nothing; None for fewer than
    three values, or where all are equal.

    The mean is the values' own, which makes it too small by about (1 + 3 r) / n: that is added (Kendall 1954).
    """
    from_mean = np.asarray(values) - np.mean(values) if len(values) else np.zeros(0)
    total = float(from_mean @ from_mean)
    if len(values) < 3 or total <= 10.0**-ROUNDING_DIGITS:
        return None
    found = float(from_mean[1:] @ from_mean[:-1]) / total
    return max(-1.0, min(1.0, found + (1 + 3 * found) / len(values)))


def _bets(ranks: Floats, changes: NDArray[np.int64], runs: int) -> Floats:
    """By how much each rank [..., directions] multiplies the evidence for each of the changes, after so many runs: a
    density on [0, 1], high where the newest run ranks among the changed ones, above the unchanged ones.

    How many of the kept runs came before a change is known on average: bets may hang on the number of runs, not on
    which of them chance has left out.
    """
    kept = min(runs, MOST_REFERENCES)
    left_out = np.maximum(0, runs - np.maximum(changes - 1, MOST_REFERENCES))
    unchanged = np.minimum(changes - 1, MOST_REFERENCES) * (MOST_REFERENCES / (MOST_REFERENCES + 1)) ** left_out
    ends = (kept - unchanged + 1)[:, None] / (kept + 1) + DEPTHS * unchanged[:, None] / (kept + 1)
    return np.asarray((ranks[..., None, None] > 1 - ends) / ends @ DEPTH_SHARES)


def _merged(changes: NDArray[np.int64], wealth: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The same wealth on at most MOST_CHANGES changes: those two become one that are closest, for their age."""
    if len(changes) <= MOST_CHANGES:
        return changes, wealth
    ages = changes[-1] + 1 - changes
    later = 1 + int(np.argmin((changes[1:] - changes[:-1]) / ages[:-1]))
    together = wealth[..., later - 1] + wealth[..., later]
    merged = np.delete(wealth, later, axis=-1)
    merged[..., later - 1] = together
    return np.delete(changes, later), merged


def _not_yet(tested: int) -> float:
    """How likely no change is among the first so many runs after the baseline (beta-geometric)."""
    # Not above, where services and commands would wait for it.
    from scipy.special import gammaln

    return float(
        np.exp(
            gammaln(NO_CHANGE + tested)
            - gammaln(NO_CHANGE)
            + gammaln(CHANGE + NO_CHANGE)
            - gammaln(CHANGE + NO_CHANGE + tested)
        )
    )


def _first_now(tested: int) -> float:
    """How likely the last of so many runs after the baseline is to be the first changed one."""
    return _not_yet(tested - 1) - _not_yet(tested)
