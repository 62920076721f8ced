"""Sentence-BERT: the cosine of two sentence embeddings."""

from functools import partial

import torch

from seep.settings import SentenceBert
from services.scorer.encoder import whole_reader
from services.scorer.models import Model
from services.scorer.precision import Computing, measured_bound
from services.scorer.sentence_encoder import cosines, load
from services.scorer.similarity import Opened

# Above bfloat16's largest error on the published answers: benchmarks/RESULTS.md.
LEAST_ERROR_BOUND = 0.006


def open_metrics(section: str, settings: SentenceBert, model: Model, computing: Computing) -> Opened:
    """The section's one metric; whatever the library raises for a bad model passes through."""
    encoder = load(model.location, model.identity, torch.float32, computing.backbones)
    exact = partial(cosines, encoder)
    fast, error_bound = exact, 0.0
    if computing.dtype != torch.float32:
        fast = partial(cosines, load(model.location, model.identity, computing.dtype, computing.backbones))
        error_bound = measured_bound(fast, exact, LEAST_ERROR_BOUND)
    source = f"sentence_bert {model.short_name}"
    reads_whole = whole_reader(encoder, computing.cache)
    metric = computing.metric(fast, exact, error_bound=error_bound, source=source, reads_whole=reads_whole)
    return Opened({section: metric}, model.identity)
