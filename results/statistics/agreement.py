"""How far two metrics agree on the same comparisons."""

from dataclasses import dataclass

ROUNDING = 1e-12


@dataclass(frozen=True)
class ScoreShares:
    """Shares in [0, 1] of the comparisons that leak (score 1), tie (0.5) and do not leak (0) under one metric."""

    leak: float
    tie: float
    none: float

    @classmethod
    def from_rate(cls, rate: float, ties: float) -> "ScoreShares":
        """From the mean leak score and the tie share, both in [0, 1]: a tie adds half to the mean."""
        leak = rate - ties / 2
        return cls(leak, ties, 1 - ties - leak)


def cohens_kappa(agreement: float, first: ScoreShares, second: ScoreShares) -> float | None:
    """Agreement beyond chance in [-1, 1]; None where both metrics always say one and the same thing.

    `agreement` is the share of comparisons with the same leak score under both. Source: Cohen 1960, A coefficient of
    agreement for nominal scales, with the three leak scores as categories.
    """
    by_chance = first.leak * second.leak + first.tie * second.tie + first.none * second.none
    return None if 1 - by_chance <= ROUNDING else (agreement - by_chance) / (1 - by_chance)
