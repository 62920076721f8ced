"""Texts to embeddings: each text once, in batches of texts with equally many tokens, so that nothing is padded."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from services.scorer.cache import Embedded, EmbeddingCache, Ids
from services.scorer.similarity import ReadsWhole

# Texts that are tokenised at once, ahead of the texts that are being encoded.
TEXTS_AHEAD = 4096

# Tokens encoded at once; on processors more of them, at each layer, would be memory given back and faulted in anew.
TOKEN_BUDGET = {"cpu": 1024, "cuda": 65536}


Tokenize = Callable[[list[str]], list[list[int]]]
"""Token ids of texts, special ones included, cut at a model's limit."""

# No tokenizer makes more tokens of a text than it has bytes, but for a few special ones around it.
MOST_SPECIAL_TOKENS = 4
# Long texts whose length is remembered; a control's answer is asked about once for each of its tests.
LENGTHS_REMEMBERED = 1024

# Where two ways of asking the same tokenizer differ: in blanks before, between and after words.
PROBES = ["a school bus", " a  school\tbus\n"]


@dataclass(frozen=True)
class Encoder:
    """A loaded model as the scorer uses it.

    `name` tells model, revision and type, `vocabulary` is the same for all models that split texts alike; `limit` is
    the number of tokens that a text is cut at, `count` says how many it has before. `forward` maps equally long texts'
    ids, (texts, tokens), to their vectors, (texts, dimensions) or (texts, tokens, dimensions).
    """

    name: str
    vocabulary: str
    limit: int
    tokenize: Tokenize
    forward: Callable[[Tensor], Tensor]
    device: torch.device
    count: Callable[[str], int]


def default_device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def vocabulary(tokenizer: PreTrainedTokenizerBase, tokenize: Tokenize) -> str:
    """What two models share if they give every text that neither cuts the same ids: a hash, or a name of its own.

    It covers the tokenizer's whole definition apart from its limit, and what `tokenize` makes of blanks.
    """
    if not tokenizer.is_fast:
        return f"tokenizer-{id(tokenizer)}"
    definition = json.loads(tokenizer.backend_tokenizer.to_str()) | {"truncation": None, "padding": None}
    content = json.dumps([definition, tokenize(PROBES)], sort_keys=True)
    return f"tokenizer-{hashlib.sha256(content.encode()).hexdigest()}"


def whole_reader(encoder: Encoder, cache: EmbeddingCache) -> ReadsWhole:
    """Whether a text has no more tokens than the model reads, by what is remembered of it where that tells."""

    @lru_cache(LENGTHS_REMEMBERED)
    def fits(text: str) -> bool:
        ids = cache.ids(encoder.vocabulary, text)
        if ids is not None and len(ids) < encoder.limit:
            return True
        return encoder.count(text) <= encoder.limit

    def reads_whole(text: str) -> bool:
        return len(text.encode(errors="replace")) + MOST_SPECIAL_TOKENS <= encoder.limit or fits(text)

    return reads_whole


def encode(encoder: Encoder, texts: Iterable[str], cache: EmbeddingCache | None) -> dict[str, Embedded]:
    """Every distinct text's embedding; what the cache remembers is taken from there, and the rest is remembered."""
    found: dict[str, Embedded] = {}
    missing: list[str] = []
    for text in dict.fromkeys(texts):
        kept = cache.embedded(encoder.name, text) if cache else None
        if kept is None:
            missing.append(text)
        else:
            found[text] = kept
    for tokens in _tokenized_ahead(encoder, missing, cache):
        for bucket in _buckets(tokens, TOKEN_BUDGET[encoder.device.type]):
            embedded = _embed(encoder, bucket, tokens)
            found |= embedded
            if cache:
                cache.keep(encoder.name, embedded)
    return found


def _tokenized_ahead(encoder: Encoder, texts: Sequence[str], cache: EmbeddingCache | None) -> Iterator[dict[str, Ids]]:
    """Token ids by text, a part at a time: those remembered first, while a thread makes the others."""
    known = _known_ids(encoder, texts, cache)
    unknown = [text for text in texts if text not in known]
    parts = [unknown[start : start + TEXTS_AHEAD] for start in range(0, len(unknown), TEXTS_AHEAD)]
    with ThreadPoolExecutor(1, "tokenizer") as thread:
        made = thread.map(encoder.tokenize, parts)
        yield known
        for part, part_ids in zip(parts, made, strict=True):
            tokens = {text: np.array(ids, np.int32) for text, ids in zip(part, part_ids, strict=True)}
            if cache:
                # Ids that fill the limit may have been cut, and another model's limit may be another.
                cache.keep(encoder.vocabulary, {text: ids for text, ids in tokens.items() if len(ids) < encoder.limit})
            yield tokens


def _known_ids(encoder: Encoder, texts: Iterable[str], cache: EmbeddingCache | None) -> dict[str, Ids]:
    known = ((text, cache.ids(encoder.vocabulary, text)) for text in texts) if cache else ()
    return {text: ids for text, ids in known if ids is not None and len(ids) <= encoder.limit}


def _buckets(tokens: Mapping[str, Ids], budget: int) -> Iterator[list[str]]:
    """Texts of equal token counts, no more than the budget's tokens together."""
    same: defaultdict[int, list[str]] = defaultdict(list)
    for text, ids in tokens.items():
        same[len(ids)].append(text)
    for length, texts in sorted(same.items()):
        size = max(1, budget // max(length, 1))
        for start in range(0, len(texts), size):
            yield texts[start : start + size]


@torch.inference_mode()
def _embed(encoder: Encoder, texts: Sequence[str], tokens: Mapping[str, Ids]) -> dict[str, Embedded]:
    ids = torch.from_numpy(np.stack([tokens[text] for text in texts])).to(encoder.device, torch.int64)
    # A slice would keep its whole bucket in memory for as long as it is remembered.
    vectors = [row.clone() for row in encoder.forward(ids)]
    return {text: Embedded(tokens[text], row) for text, row in zip(texts, vectors, strict=True)}
