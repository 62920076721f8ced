"""How much the clusters of a mean tell of its standard error."""

import math
from functools import cache, lru_cache
from itertools import accumulate

# Not scipy.stats, which has the same quantiles: importing it takes a second, which every command would wait.


# The clusters of a category have the same sizes under every metric and measure.
@lru_cache(1024)
def degrees_of_freedom(sizes: tuple[int, ...]) -> float:
    """Student's degrees of freedom for the mean over clusters of these sizes, two or more of them, each above 0.

    They are clusters - 1 where all are of one size, and fewer the more unequal they are: a large cluster leaves its own
    mark on the mean that its distance is measured from.

    Source: Bell and McCaffrey 2002, Bias reduction in standard errors for linear regression with multi-stage samples.
    With p = sizes / sum, a = (1 - p)^-1/2, M = diag(sizes) - sizes sizes' / sum and P = a M a they are
    (tr P)^2 / sum of P^2, which for a mean comes down to the sums below: of p^2, and of p^2 / (1 - p) times all of the
    others'.
    """
    if min(sizes) == max(sizes):
        return float(len(sizes) - 1)
    whole = sum(sizes)
    squares = math.fsum((size / whole) ** 2 for size in sizes)
    # Each with the smaller ones alone, and twice: to take squares from a square would leave nothing of the small ones.
    odds = [size**2 / (whole * (whole - size)) for size in sorted(sizes)]
    smaller = accumulate(odds, initial=0.0)
    return 1 / (squares + 2 * math.fsum(each * before for each, before in zip(odds, smaller, strict=False)))


@cache
def quantile_of_t(degrees: float, probability: float) -> float:
    """Student's quantile; degrees need not be whole."""
    # Not above: a list of runs computes nothing, and importing scipy takes longer than all else that it does.
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability))
