"""Has the commands that tests run in their own process share a model's weights, which none of them changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from seep.settings import SentenceBert
from services.scorer.models import Model
from services.scorer.similarity import Opened


@contextmanager
def loaded_once() -> Iterator[None]:
    """While it lasts, Sentence-BERT's real model is loaded once for each way of computing: each time takes a second."""
    from services.scorer import sentence_bert_metric  # torch: not for those who only collect tests
    from services.scorer.precision import Computing

    opened: dict[tuple[str, str, Model, object], Opened] = {}
    load = sentence_bert_metric.open_metrics

    def open_metrics(section: str, settings: SentenceBert, model: Model, computing: Computing) -> Opened:
        key = (section, settings.model_dump_json(), model, computing.dtype)
        if key not in opened:
            opened[key] = load(section, settings, model, computing)
        return opened[key]

    with patch.object(sentence_bert_metric, "open_metrics", open_metrics):
        yield
