"""Has a stream of runs changed? A test that may be looked at after every run, for ever.

While nothing changes, the runs of a stream, those of its baseline included, are exchangeable: each job's newest score
is equally likely to hold any rank among all its scores so far, and ranks are independent over runs and jobs. So nothing
is assumed of the scores' distribution, and the baseline is one more part of the stream, with noise of its own.
Source: Vovk 2021, Testing randomness online, Statistical Science 36(4).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

ALARM = 20.0
"""An e-value that a stream without change ever reaches with a probability of at most 1 / 20 (Ville 1939)."""
EFFECT_SPREAD = 2.0
"""Standard deviation of the mean score after a change that the test expects; any value is valid, this one is fast."""
LARGEST_EXPONENT = 500.0  # far beyond any doubt, and a number that JSON can say


def stream_score(newest: NDArray[np.float64], earlier: NDArray[np.float64], draw: np.random.Generator) -> float:
    """How high a run's jobs rank among their earlier scores: one standard normal number, as long as nothing changes.

    `newest` has a score for each job, `earlier` is [runs, jobs], NaN where a run lacks a job; jobs without any earlier
    score take no part. `draw` breaks ties at random, or the ranks would not be uniform. Combining normal quantiles:
    Stouffer et al. 1949.
    """
    uniform = draw.uniform(size=len(newest))
    known = np.sum(~np.isnan(earlier), axis=0)
    below = np.sum(earlier < newest, axis=0)
    equal = np.sum(earlier == newest, axis=0) + 1
    quantiles = ndtri((below + uniform * equal) / (known + 1))[known > 0]
    return float(quantiles.sum()) / math.sqrt(max(1, len(quantiles)))


def e_values(scores: Sequence[float], baseline_runs: int) -> NDArray[np.float64]:
    """Evidence after each run that the stream changed at some run since the baseline: 1 says nothing.

    For a change at run j, the scores after it have a mean that shrinks as changed runs join the history they are ranked
    in; its size is unknown, and normal with EFFECT_SPREAD (the mixture of Robbins 1970). The evidence is the mean over
    all j, weighted by 1 / (j (j + 1)); the changes yet to come hold the rest of the weight at 1.
    """
    values = np.asarray(scores, dtype=np.float64)
    count = len(values)
    changes = np.arange(1, count + 1)
    before = (baseline_runs + changes - 1)[:, None]
    since = changes[None, :] - changes[:, None]
    # How far a changed run stands out of a history of `before` unchanged and `since` changed ones.
    weights = np.where(since >= 0, before / np.sqrt((before + since) * (before + since + 1.0)), 0.0)
    shift = np.cumsum(weights * values, axis=1)
    information = 1 + EFFECT_SPREAD**2 * np.cumsum(weights**2, axis=1)
    exponent = np.minimum(EFFECT_SPREAD**2 * shift**2 / (2 * information), LARGEST_EXPONENT)
    evidence = np.exp(exponent) / np.sqrt(information)
    prior = 1 / (changes * (changes + 1.0))
    return np.where(since >= 0, evidence, 1.0).T @ prior + 1 / (count + 1.0)


def combined(e_values_of_cells: Sequence[float]) -> float:
    """One e-value for several categories and metrics: the largest over their number.

    Their mean would be larger, but each is valid only among its own runs' ranks, and means of such are not valid
    (Choe and Ramdas 2024, Combining evidence across filtrations).
    """
    return max(e_values_of_cells, default=0.0) / max(1, len(e_values_of_cells))
