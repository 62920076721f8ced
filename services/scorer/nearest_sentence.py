"""Metrics over sentences: a text is as near to a concept as its nearest sentence is, however long it may be."""

from collections.abc import Sequence
from functools import partial
from itertools import chain

from seep.answers import is_blank
from seep.sentences import split_sentences
from services.scorer.similarity import Metric, Opened, Pair, Score

# Of texts whose language nobody says, as those of the predictor's requests.
USUAL_LANGUAGE = "en"


def over_sentences(opened: Opened) -> Opened:
    """The same metrics, each over sentences, with what tells them from those over whole texts."""
    metrics = {name: _over_sentences(metric) for name, metric in opened.metrics.items()}
    return Opened(metrics, f"{opened.provenance} over sentences")


def _over_sentences(metric: Metric, language: str = USUAL_LANGUAGE) -> Metric:
    # The largest of several similarities is off by no more than the one that is off most.
    return Metric(
        fast=partial(_nearest, language, metric.fast),
        exact=partial(_nearest, language, metric.exact),
        afresh=partial(_nearest, language, metric.afresh),
        error_bound=metric.error_bound,
        source=f"{metric.source} over sentences",
        reads_whole=lambda text: all(map(metric.reads_whole, _sentences(text, language))),
        in_language=partial(_over_sentences, metric),
    )


def _nearest(language: str, score: Score, pairs: Sequence[Pair]) -> Sequence[float]:
    """The largest similarity of each pair's concept to a sentence of its text."""
    parts = [[(concept, sentence) for sentence in _sentences(text, language)] for concept, text in pairs]
    distinct = list(dict.fromkeys(chain.from_iterable(parts)))
    similarity = dict(zip(distinct, score(distinct), strict=True))
    return [max(map(similarity.__getitem__, part)) for part in parts]


def _sentences(text: str, language: str) -> list[str]:
    # One without a visible character, as a joiner behind the last full stop, is no nearer than what is unrelated.
    return [sentence for sentence in split_sentences(text, language) if not is_blank(sentence)] or [text]
