"""How much the clusters of a mean tell of its standard error."""

import math
from functools import cache, lru_cache

# Not scipy.stats, which has the same quantiles: importing it takes a second, which every command would wait.


# The clusters of a category have the same sizes under every metric and measure.
@lru_cache(1024)
def degrees_of_freedom(sizes: tuple[int, ...]) -> float:
    """Student's degrees of freedom for the mean over clusters of these sizes, two or more of them, each above 0.

    They are clusters - 1 where all are of one size, and fewer the more unequal they are: a large cluster leaves its own
    mark on the mean that its distance is measured from.

    Source: Bell and McCaffrey 2002, Bias reduction in standard errors for linear regression with multi-stage samples.
    With p = sizes / sum, a = (1 - p)^-1/2, M = diag(sizes) - sizes sizes' / sum and P = a M a they are
    (tr P)^2 / sum of P^2, which for a mean comes down to the sums below.
    """
    if min(sizes) == max(sizes):
        return float(len(sizes) - 1)
    whole = sum(sizes)
    shares = [size / whole for size in sizes]
    odds = [share**2 / (1 - share) for share in shares]
    squares = math.fsum(share**2 for share in shares)
    return 1 / (squares + math.fsum(odds) ** 2 - math.fsum(each**2 for each in odds))


@cache
def quantile_of_t(degrees: float, probability: float) -> float:
    """Student's quantile; degrees need not be whole."""
    # Not above: a list of runs computes nothing, and importing scipy takes longer than all else that it does.
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability))
