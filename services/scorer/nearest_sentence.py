"""Metrics over sentences: a text is as near to a concept as its nearest sentence is, however long it may be."""

from collections.abc import Sequence
from functools import partial
from itertools import chain

from seep.sentences import split_sentences
from services.scorer.similarity import Metric, Opened, Pair, Score

# A metric is not told which language its texts are in. Where sentences are taken apart at a wrong place, the nearest
# part still counts.
LANGUAGE = "en"


def over_sentences(opened: Opened) -> Opened:
    """The same metrics, each over sentences, with what tells them from those over whole texts."""
    metrics = {name: _over_sentences(metric) for name, metric in opened.metrics.items()}
    return Opened(metrics, f"{opened.provenance} over sentences")


def _over_sentences(metric: Metric) -> Metric:
    # The largest of several similarities is off by no more than the one that is off most.
    return Metric(
        fast=partial(_nearest, metric.fast),
        exact=partial(_nearest, metric.exact),
        afresh=partial(_nearest, metric.afresh),
        error_bound=metric.error_bound,
        source=f"{metric.source} over sentences",
        reads_whole=lambda text: all(map(metric.reads_whole, _sentences(text))),
    )


def _nearest(score: Score, pairs: Sequence[Pair]) -> Sequence[float]:
    """The largest similarity of each pair's concept to a sentence of its text."""
    parts = [[(concept, sentence) for sentence in _sentences(text)] for concept, text in pairs]
    distinct = list(dict.fromkeys(chain.from_iterable(parts)))
    similarity = dict(zip(distinct, score(distinct), strict=True))
    return [max(map(similarity.__getitem__, part)) for part in parts]


def _sentences(text: str) -> list[str]:
    return list(split_sentences(text, LANGUAGE)) or [text]
