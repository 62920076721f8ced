"""The scorer's engine over two folders, put together without settings, model hub or Kafka, and its bare forward."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer

from benchmarks.gpu.libraries import layers_of
from services.scorer.batches import Batch, batches
from services.scorer.cache import EmbeddingCache
from services.scorer.encoder import Encoder, default_device, pack
from services.scorer.precision import CachedScore, Computing, measured_bound
from services.scorer.sentence_encoder import cosines
from services.scorer.sentence_encoder import load as load_sentences
from services.scorer.similarity import Metric, Pair
from services.scorer.token_encoder import BertScorer, match, token_scorer
from services.scorer.token_scores import LEAST_ERROR_BOUND, Matched, scores, stable

F1 = 2
CACHE_BYTES = 1 << 30


@dataclass(frozen=True)
class Exactly:
    """Similarities are kept whole, and tie up to 1e-6: the scorer's mode `exact`."""

    decimals: int | None = None
    tie_margin: float = 1e-6


@dataclass(frozen=True)
class Loaded:
    """Both metrics of a type with nothing remembered, and the encoders of it that they read."""

    metrics: Mapping[str, Metric]
    encoders: tuple[Encoder, Encoder]


def open_engine(sentences: Path, tokens: Path, layer: int, dtype: torch.dtype) -> Loaded:
    """As the metrics of these two folders are opened by the service."""
    computing = Computing(dtype, EmbeddingCache(CACHE_BYTES))
    exact_encoder = load_sentences(str(sentences), "sentences", torch.float32, computing.backbones)
    exact_scorer = load_tokens(tokens, layer, torch.float32, computing)
    exact_cosines, exact_match = partial(cosines, exact_encoder), partial(match, exact_scorer)
    if dtype == torch.float32:
        metrics = _metrics(computing, (exact_cosines, exact_cosines), (exact_match, exact_match), (0.0, 0.0))
        return Loaded(metrics, (exact_encoder, exact_scorer.encoder))
    encoder = load_sentences(str(sentences), "sentences", dtype, computing.backbones)
    scorer = load_tokens(tokens, layer, dtype, computing)
    fast_cosines = partial(cosines, encoder)
    fast_match, bounds = stable(partial(match, scorer), exact_match)
    bound = measured_bound(fast_cosines, exact_cosines, LEAST_ERROR_BOUND)
    metrics = _metrics(computing, (fast_cosines, exact_cosines), (fast_match, exact_match), (bound, bounds[F1]))
    return Loaded(metrics, (encoder, scorer.encoder))


def load_tokens(folder: Path, layer: int, dtype: torch.dtype, computing: Computing) -> BertScorer:
    """BERTScore's encoder of a folder up to a layer, without the bert_score library."""
    model = AutoModel.from_pretrained(folder).eval()
    layers_of(model).layer = layers_of(model).layer[:layer]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    name = f"tokens/layer{layer}"
    backbones = computing.backbones
    return token_scorer(model, tokenizer, layer, location=str(folder), name=name, dtype=dtype, backbones=backbones)


def _metrics(
    computing: Computing, sentence: Sequence[CachedScore], matched: Sequence[Matched], bounds: tuple[float, float]
) -> dict[str, Metric]:
    unstretched = torch.zeros(3)
    fast, exact = (partial(scores, each, F1, unstretched) for each in matched)
    return {
        "sentence_bert": computing.metric(*sentence, error_bound=bounds[0], source="sentence_bert random"),
        "bert_score": computing.metric(fast, exact, error_bound=bounds[1], source="bert_score random"),
    }


def batches_of(encoder: Encoder, pairs: Sequence[Pair]) -> list[Batch]:
    """The batches in which the engine encodes these pairs' distinct texts."""
    texts = list(dict.fromkeys(text for pair in pairs for text in pair))
    tokens = pack(encoder.tokenize(texts))
    return [batch for _, batch in batches(tokens, encoder.limit, encoder.device)]


@torch.inference_mode()
def run_forward(encoders: Sequence[tuple[Encoder, Sequence[Batch]]]) -> None:
    """The forward alone of each, waiting for the device."""
    for encoder, some in encoders:
        for batch in some:
            encoder.forward(batch)
    if default_device().type == "cuda":
        torch.cuda.synchronize()
