"""BERTScore's encoder of tokens, and the precision, recall and F1 of greedily matched texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from transformers import GPT2Tokenizer, PreTrainedTokenizerBase, RobertaTokenizer

from seep.answers import is_blank
from seep.slices import slices
from services.scorer.backbone import Backbones, Head, Layers
from services.scorer.batches import Batch
from services.scorer.cache import EmbeddingCache
from services.scorer.encoder import Encoder, default_device, encode, unread_tokens, vocabulary
from services.scorer.matching_choice import matching_on
from services.scorer.rows import one_each
from services.scorer.similarity import Pair

# Tokens that are matched at once: their vectors are all in memory, 0.8 GB of the largest usual models.
TOKENS_AT_ONCE = 1 << 18

# Where neither tokenizer nor model says how long a text may be, as with relative positions.
UNDECLARED_LIMIT = 512


@dataclass(frozen=True)
class BertScorer:
    """An encoder of tokens, the ids of its special tokens, which carry no weight, and of all that say nothing."""

    encoder: Encoder
    special: tuple[int, ...]
    unread: Tensor


def token_scorer(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    layer: int,
    *,
    location: str,
    name: str,
    dtype: torch.dtype,
    backbones: Backbones | None = None,
) -> BertScorer:
    """A model from `location` that ends with `layer`, as a scorer known as `name`; it computes in `dtype`."""
    device = default_device()
    # A checkpoint's own half precision would make ties of similarities that differ.
    model.to(device=device, dtype=dtype)
    limit = _limit(tokenizer, getattr(model.config, "max_position_embeddings", 0))
    tokenize = partial(_tokenize, tokenizer, limit)
    spelled = vocabulary(tokenizer, tokenize)
    head = Head(f"{name}/tokens/{dtype}", limit, layer, _normalized)
    run = partial(_run, model, layer)
    forward = (backbones or Backbones()).forward((location, spelled, dtype), run, head, tokenize)
    encoder = Encoder(head.name, spelled, limit, tokenize, forward, device, partial(_count, tokenizer))
    special = (tokenizer.cls_token_id, tokenizer.sep_token_id)
    unread = unread_tokens(tokenizer, device)
    return BertScorer(encoder, tuple(token for token in special if token is not None), unread)


def match(scorer: BertScorer, cache: EmbeddingCache | None, pairs: Sequence[Pair]) -> Tensor:
    """Precision, recall and F1, (pairs, 3), of pairs by position, on the CPU: no idf weights, no rescaling.

    All 0, as in the library, where either text has no token of its own: empty, blank, control characters. So too, other
    than there, where it has none that the model knows: all unknown signs are one token, and would be alike. Texts
    beyond the model's limit are cut. The text is the candidate, the concept the reference.
    Source: Zhang et al. 2020, arXiv 1904.09675.
    """
    name = f"{scorer.encoder.name}/pairs"
    parts = cache.find(name, dict.fromkeys(pairs)) if cache else []
    number = {pair: place for place, pair in enumerate(chain.from_iterable(keys for keys, _ in parts))}
    tables = [rows.columns[0] for _, rows in parts]
    missing = [pair for pair in dict.fromkeys(pairs) if pair not in number and not any(map(is_blank, pair))]
    for part in slices(missing, partial(_tokens_at_most, limit=scorer.encoder.limit), TOKENS_AT_ONCE):
        tables.append(_match(scorer, cache, part))
        number |= {pair: place for place, pair in enumerate(part, len(number))}
        if cache:
            cache.keep(name, part, one_each(tables[-1]))
    nothing = len(number)
    return torch.cat([*tables, torch.zeros(1, 3)])[[number.get(pair, nothing) for pair in pairs]]


def _tokens_at_most(pair: Pair, limit: int) -> int:
    """The tokens of a pair, if every character were one."""
    return sum(min(len(text) + 2, limit) for text in pair)


def _match(scorer: BertScorer, cache: EmbeddingCache | None, pairs: Sequence[Pair]) -> Tensor:
    number, embedded = encode(scorer.encoder, chain.from_iterable(pairs), cache)
    vectors, ids = embedded.columns
    device = vectors.device
    starts = torch.from_numpy(embedded.starts).to(device)
    weights = torch.isin(ids, torch.tensor(scorer.special, dtype=torch.int32, device=device), invert=True).float()
    weights *= _read(ids, starts, scorer.unread).repeat_interleave(starts.diff())
    numbered = torch.tensor([(number[text], number[concept]) for concept, text in pairs])
    greedy_match = matching_on(device, vectors.dtype)
    return greedy_match(vectors, starts, weights, numbered.to(device)).cpu()


def _read(ids: Tensor, starts: Tensor, unread: Tensor) -> Tensor:
    """1 for each text of which any token says something, else 0, (texts,)."""
    said = torch.nn.functional.pad(torch.isin(ids, unread, invert=True).cumsum(0), (1, 0))
    return (said[starts[1:]] > said[starts[:-1]]).float()


def _tokenize(tokenizer: PreTrainedTokenizerBase, limit: int, texts: list[str]) -> list[list[int]]:
    # As the library does, for each of a list: bert_score.utils.sent_encode.
    stripped = [text.strip() for text in texts]
    ids: list[list[int]] = tokenizer(stripped, truncation=True, max_length=limit, **_options(tokenizer))["input_ids"]
    return ids


def _count(tokenizer: PreTrainedTokenizerBase, text: str) -> int:
    return len(tokenizer(text.strip(), truncation=False, verbose=False, **_options(tokenizer))["input_ids"])


def _options(tokenizer: PreTrainedTokenizerBase) -> dict[str, bool]:
    return {"add_prefix_space": True} if isinstance(tokenizer, GPT2Tokenizer | RobertaTokenizer) else {}


def _run(model: Any, last: int, batch: Batch, wanted: frozenset[int]) -> Layers:
    made = model(input_ids=batch.ids, attention_mask=batch.mask, output_hidden_states=wanted != {last})
    inner = made.hidden_states if wanted != {last} else ()
    return dict(enumerate(inner)) | {last: made[0]}


def _normalized(vectors: Tensor, batch: Batch) -> Tensor:
    """The tokens' vectors, of length 1, in the model's type."""
    return torch.nn.functional.normalize(vectors.float(), dim=2).to(vectors.dtype)


def _limit(tokenizer: PreTrainedTokenizerBase, positions: int) -> int:
    # The library cuts texts at the tokenizer's limit, which many tokenizers do not declare: it then overflows.
    if positions <= 0:
        return int(min(tokenizer.model_max_length, UNDECLARED_LIMIT))
    if tokenizer.model_max_length > positions:
        return positions - 2  # RoBERTa's positions start at 2
    return int(tokenizer.model_max_length)
