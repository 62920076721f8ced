"""A metric that is openly a fake, and the type of what makes jobs by hand."""

import zlib
from collections.abc import Callable, Mapping, Sequence

from seep.records import GeneratedJob
from services.scorer.similarity import Metric, Pair

MakeJob = Callable[..., GeneratedJob]


class FakeMetric(Metric):
    """Similarities from a table, else made up from the pair alone, with many ties; it remembers what it was asked."""

    def __init__(
        self,
        table: Mapping[Pair, float] | None = None,
        error_bound: float = 0.0,
        exact: Callable[[Sequence[Pair]], list[float]] | None = None,
    ) -> None:
        super().__init__(self.answer, exact or self.answer, self.answer, error_bound, "fake")
        self.table = table
        self.calls: list[list[Pair]] = []

    def answer(self, pairs: Sequence[Pair]) -> list[float]:
        self.calls.append(list(pairs))
        return [self._made_up(pair) if self.table is None else self.table[pair] for pair in pairs]

    @staticmethod
    def _made_up(pair: Pair) -> float:
        return zlib.crc32("|".join(pair).encode()) % 7 / 7
