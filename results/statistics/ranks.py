"""Two groups of numbers, by their ranks."""

from collections.abc import Sequence


def lengths_differ(some: Sequence[int], others: Sequence[int]) -> float:
    """Two-sided p that lengths of one kind are as long as those of the other; neither may be empty.

    Source: Mann and Whitney 1947, On a test of whether one of two random variables is stochastically larger.
    """
    # Not above: it imports for a second, which every command that shows rates would wait for.
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(some, others).pvalue)
