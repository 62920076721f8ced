"""Sentence-BERT's encoder as sentence-transformers loads it, and the cosines of what it makes of texts."""

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
from services.scorer.backbone import Backbones, Head, Layers
from services.scorer.batches import Batch
from services.scorer.cache import EmbeddingCache
from services.scorer.encoder import Encoder, default_device, encode, unread_tokens, vocabulary
from services.scorer.similarity import Pair

UNPADDED = {"text": {"padding": False}, "common": {"return_tensors": None}}


def load(location: str, name: str, dtype: torch.dtype, backbones: Backbones | None = None) -> Encoder:
    """The encoder at a folder or hub name, known as `name`; its transformer computes in `dtype`.

    Raises ValueError for a model that is not a text transformer with whatever follows it.
    """
    quieten()
    device = default_device()
    model = SentenceTransformer(location, device=str(device)).eval().float()
    transformer, *rest = model
    if not isinstance(transformer, Transformer) or model.default_prompt_name is not None:
        raise ValueError("not a transformer of texts alone, without prompts of its own")
    transformer.to(dtype)
    tokenize = partial(_tokenize, model)
    spelled = vocabulary(model.tokenizer, tokenize)
    limit = model.max_seq_length or model.tokenizer.model_max_length
    last = getattr(transformer.model.config, "num_hidden_layers", 0)
    head = Head(f"{name}/sentence/{dtype}", limit, last, partial(_pooled, rest, unread_tokens(model.tokenizer, device)))
    run = partial(_run, transformer, last)
    forward = (backbones or Backbones()).forward((location, spelled, dtype), run, head, tokenize)
    return Encoder(head.name, spelled, limit, tokenize, forward, device, partial(_count, model))


def cosines(encoder: Encoder, cache: EmbeddingCache | None, pairs: Sequence[Pair]) -> list[float]:
    """Cosines of pairs in [-1, 1], by position; 0.0 where either text is empty or blank, or nothing that the model
    knows: it would be as near as the vector of no text at all.

    Texts beyond the model's limit are cut.
    """
    sound = [pair for pair in dict.fromkeys(pairs) if not any(map(is_blank, pair))]
    if not sound:
        return [0.0] * len(pairs)
    number, embedded = encode(encoder, chain.from_iterable(sound), cache)
    [vectors] = embedded.columns
    sides = torch.tensor([(number[concept], number[text]) for concept, text in sound]).to(vectors.device)
    products = (vectors[sides[:, 0]] * vectors[sides[:, 1]]).sum(dim=1).tolist()
    found = dict(zip(sound, products, strict=True))
    return [found.get(pair, 0.0) for pair in pairs]


def _tokenize(model: SentenceTransformer, texts: list[str]) -> list[list[int]]:
    # Typed as tensors, which it gives where padding is on.
    return cast("list[list[int]]", model.preprocess(texts, processing_kwargs=UNPADDED)["input_ids"])


def _count(model: SentenceTransformer, text: str) -> int:
    return len(model.tokenizer(text.strip(), truncation=False, verbose=False)["input_ids"])


def _run(transformer: Transformer, last: int, batch: Batch, wanted: frozenset[int]) -> Layers:
    transformer.model.config.output_hidden_states = wanted != {last}
    features = transformer(_features(batch))
    inner = features.get("all_layer_embeddings", ())
    return dict(enumerate(inner)) | {last: features["token_embeddings"]}


def _pooled(rest: Sequence[torch.nn.Module], unread: Tensor, vectors: Tensor, batch: Batch) -> Tensor:
    # Of a half precision, the transformer's error is enough: what follows it costs nothing in float32.
    features = _features(batch) | {"token_embeddings": vectors.float()}
    for module in rest:
        features = module(features)
    return torch.nn.functional.normalize(features["sentence_embedding"], dim=1) * _read(batch, unread)


def _read(batch: Batch, unread: Tensor) -> Tensor:
    """1 for each text of which any token says something, else 0, (texts, 1)."""
    said = torch.isin(batch.ids, unread, invert=True)
    if batch.mask is not None:
        said &= batch.mask.bool()
    return said.any(dim=1, keepdim=True)


def _features(batch: Batch) -> dict[str, Tensor]:
    masked = {} if batch.mask is None else {"attention_mask": batch.mask}
    return {"input_ids": batch.ids, **masked}
