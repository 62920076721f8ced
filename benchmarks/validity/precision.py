"""bfloat16 beside float32 on all published answers: errors of similarities, and whether any leak score differs."""

import sys
from pathlib import Path

import numpy as np

from seep.settings import MINILM, BertScore, Metrics, Scoring
from seep.suites.workbook import read_workbook
from services.scorer.loading import load_metrics
from services.scorer.mode import PUBLISHED, exact
from services.scorer.semantic import leak_score
from services.scorer.similarity import Comparison, Pair, ask_metrics

DATA = Path(__file__).parents[3] / "shared" / "data" / "leakage"
METRICS = Metrics(bert_score=BertScore(model=MINILM, scores=("f1", "precision", "recall")))


def main() -> None:
    """Prints, per metric, bfloat16's errors and, in each mode, comparisons and those with another leak score."""
    comparisons = published_comparisons()
    pairs = list(dict.fromkeys(pair for comparison in comparisons for pair in comparison))
    whole, _ = load_metrics(METRICS, Scoring(dtype="float32"))
    quick, _ = load_metrics(METRICS, Scoring(dtype="bfloat16"))
    for name, metric in quick.items():
        errors = np.abs(np.subtract(metric.fast(pairs), whole[name].fast(pairs)))
        print(
            f"{name}: {len(pairs)} pairs, largest error {errors.max():.5f}, "
            f"99.9 % below {np.quantile(errors, 0.999):.5f}, bound {metric.error_bound:.5f}"
        )
    for mode in (exact(Scoring().tie_tolerance), PUBLISHED):
        expected, found = (ask_metrics(metrics, comparisons, mode) for metrics in (whole, quick))
        for name in quick:
            without = dict(zip(pairs, quick[name].fast(pairs), strict=True))
            if mode.decimals is not None:
                without = {pair: round(similarity, mode.decimals) for pair, similarity in without.items()}
            differing, unchecked = (
                sum(
                    leak_score(seen[one], seen[other], mode.tie_tolerance)
                    != leak_score(expected[name][one], expected[name][other], mode.tie_tolerance)
                    for one, other in comparisons
                )
                for seen in (found[name], without)
            )
            again = sum(found[name][pair] != without[pair] for pair in pairs)
            print(
                f"{name}, {mode.name}: {len(comparisons)} comparisons, {differing} leak scores differ from float32's "
                f"({unchecked} without computing again); {again} pairs changed by computing again"
            )


def published_comparisons() -> list[Comparison]:
    """Every distinct comparison of the published answers; the process ends where they are absent."""
    if not DATA.is_dir():
        sys.exit(f"published answers are not at hand: no folder {DATA}")
    comparisons: dict[Comparison, None] = {}
    for workbook in sorted(DATA.glob("*_*.xlsx")):
        suite, rows = read_workbook(workbook)
        answers = dict(rows)
        for job in suite.jobs:
            for test in job.tests:
                for answer, control in zip(answers[test.prompt], answers[job.control], strict=True):
                    one: Pair = test.concept, answer
                    comparisons[one, (test.concept, control)] = None
    return list(comparisons)


if __name__ == "__main__":
    main()
