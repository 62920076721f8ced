"""Sentence-BERT: the cosine of two sentence embeddings."""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import cast

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from torch import Tensor

from seep.answers import is_blank
from seep.quiet import quieten
from seep.settings import SentenceBert
from services.scorer.cache import EmbeddingCache
from services.scorer.encoder import Encoder, default_device, encode, vocabulary, whole_reader
from services.scorer.models import Model
from services.scorer.precision import Computing, measured_bound
from services.scorer.similarity import Opened, Pair

# Above bfloat16's largest error on the published answers: benchmarks/RESULTS.md.
LEAST_ERROR_BOUND = 0.006

UNPADDED = {"text": {"padding": False}, "common": {"return_tensors": None}}


def open_metrics(section: str, settings: SentenceBert, model: Model, computing: Computing) -> Opened:
    """The section's one metric; whatever the library raises for a bad model passes through."""
    encoder = load(model.location, model.identity, torch.float32)
    exact = partial(cosines, encoder)
    fast, error_bound = exact, 0.0
    if computing.dtype != torch.float32:
        fast = partial(cosines, load(model.location, model.identity, computing.dtype))
        error_bound = measured_bound(fast, exact, LEAST_ERROR_BOUND)
    source = f"sentence_bert {model.short_name}"
    reads_whole = whole_reader(encoder, computing.cache)
    metric = computing.metric(fast, exact, error_bound=error_bound, source=source, reads_whole=reads_whole)
    return Opened({section: metric}, model.identity)


def load(location: str, name: str, dtype: torch.dtype) -> Encoder:
    """The encoder at a folder or hub name, known as `name`; its transformer computes in `dtype`.

    Raises ValueError for a model that is not a text transformer with whatever follows it.
    """
    quieten()
    device = default_device()
    model = SentenceTransformer(location, device=str(device)).eval().float()
    if not isinstance(model[0], Transformer) or model.default_prompt_name is not None:
        raise ValueError("not a transformer of texts alone, without prompts of its own")
    model[0].to(dtype)
    tokenize = partial(_tokenize, model)
    return Encoder(
        name=f"{name}/sentence/{dtype}",
        vocabulary=vocabulary(model.tokenizer, tokenize),
        limit=model.max_seq_length or model.tokenizer.model_max_length,
        tokenize=tokenize,
        count=partial(_count, model),
        forward=partial(_forward, model),
        device=device,
    )


def cosines(encoder: Encoder, cache: EmbeddingCache | None, pairs: Sequence[Pair]) -> list[float]:
    """Cosines of pairs in [-1, 1], by position; 0.0 where either text is empty or blank.

    Texts beyond the model's limit are cut.
    """
    sound = [pair for pair in dict.fromkeys(pairs) if not any(map(is_blank, pair))]
    if not sound:
        return [0.0] * len(pairs)
    embedded = encode(encoder, chain.from_iterable(sound), cache)
    row = {text: index for index, text in enumerate(embedded)}
    vectors = torch.stack([embedded[text].vectors for text in row])
    rows = torch.tensor([(row[concept], row[text]) for concept, text in sound], device=vectors.device)
    products = (vectors[rows[:, 0]] * vectors[rows[:, 1]]).sum(dim=1).tolist()
    found = dict(zip(sound, products, strict=True))
    return [found.get(pair, 0.0) for pair in pairs]


def _tokenize(model: SentenceTransformer, texts: list[str]) -> list[list[int]]:
    # Typed as tensors, which it gives where padding is on.
    return cast("list[list[int]]", model.preprocess(texts, processing_kwargs=UNPADDED)["input_ids"])


def _count(model: SentenceTransformer, text: str) -> int:
    return len(model.tokenizer(text.strip(), truncation=False, verbose=False)["input_ids"])


def _forward(model: SentenceTransformer, ids: Tensor) -> Tensor:
    transformer, *rest = model
    features = transformer({"input_ids": ids})
    # Of a half precision, the transformer's error is enough: what follows it costs nothing in float32.
    features["token_embeddings"] = features["token_embeddings"].float()
    for module in rest:
        features = module(features)
    return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)
