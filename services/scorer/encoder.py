"""Texts to embeddings: each text once, a tensor a batch."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import cast

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from services.scorer.batches import Batch, batches
from services.scorer.cache import EmbeddingCache, Part
from services.scorer.rows import Rows, join, of_lengths
from services.scorer.similarity import ReadsWhole

# Texts that are tokenised at once, ahead of the texts that are being encoded.
TEXTS_AHEAD = 4096

Tokenize = Callable[[list[str]], list[list[int]]]
"""Token ids of texts, special ones included, cut at a model's limit."""

Forward = Callable[[Batch], Mapping[str, Tensor]]
"""What a model makes of a batch, by the name of what reads it: (texts, dimensions) or (texts, width, dimensions)."""

# No tokenizer makes more tokens of a text than it has bytes, but for a few special ones around it.
MOST_SPECIAL_TOKENS = 4
# Long texts whose length is remembered; a control's answer is asked about once for each of its tests.
LENGTHS_REMEMBERED = 1024

# Where two ways of asking the same tokenizer differ: in blanks before, between and after words.
PROBES = ["a school bus", " a  school\tbus\n"]


@dataclass(frozen=True)
class Encoder:
    """A loaded model as one metric uses it.

    `name` tells model, revision, type and what is read of it; `vocabulary` is the same for all models that split texts
    alike; `limit` is the number of tokens that a text is cut at, `count` says how many it has before. `forward` gives
    what is read under `name`, and what else it makes of the same texts on the way.
    """

    name: str
    vocabulary: str
    limit: int
    tokenize: Tokenize
    forward: Forward
    device: torch.device
    count: Callable[[str], int]


BLANK = "\N{LOWER ONE EIGHTH BLOCK}"


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


def unread_tokens(tokenizer: PreTrainedTokenizerBase, device: torch.device) -> Tensor:
    """The ids of tokens that say nothing of a text: special ones, and the one for all that the model does not know.

    SentencePiece's blank is another one: before what is unknown it stands as a token of its own.
    """
    ids = {*tokenizer.all_special_ids, tokenizer.convert_tokens_to_ids(BLANK)} - {None}
    return torch.tensor(sorted(ids), dtype=torch.int64, device=device)


def whole_reader(encoder: Encoder, cache: EmbeddingCache) -> ReadsWhole:
    """Whether a text has no more tokens than the model reads, by what is remembered of it where that tells."""

    @lru_cache(LENGTHS_REMEMBERED)
    def fits(text: str) -> bool:
        # What is remembered was not cut.
        for _, rows in cache.find(encoder.vocabulary, [text]):
            return int(rows.starts[-1]) <= encoder.limit
        return encoder.count(text) <= encoder.limit

    def reads_whole(text: str) -> bool:
        return len(text.encode(errors="replace")) + MOST_SPECIAL_TOKENS <= encoder.limit or fits(text)

    return reads_whole


def encode(encoder: Encoder, texts: Iterable[str], cache: EmbeddingCache | None) -> tuple[dict[str, int], Rows]:
    """Every distinct text's number, and their embeddings: a row a text, or a row a token with its id beside it.

    What the cache remembers is taken from there, and the rest is remembered, with what the model makes beside it.
    """
    wanted = list(dict.fromkeys(texts))
    parts: list[Part] = cache.find(encoder.name, wanted) if cache else []
    known = set(chain.from_iterable(keys for keys, _ in parts))
    missing = [text for text in wanted if text not in known]
    for some, tokens in _tokenized_ahead(encoder, missing, cache):
        for places, batch in batches(tokens, encoder.limit, encoder.device):
            of_batch = [some[place] for place in places]
            made = _embed(encoder, batch)
            if cache:
                for name, rows in made.items():
                    cache.keep(name, of_batch, rows)
            parts.append((list(of_batch), made[encoder.name]))
    numbered = cast("Iterable[str]", chain.from_iterable(keys for keys, _ in parts))
    return {text: number for number, text in enumerate(numbered)}, join([rows for _, rows in parts])


@torch.inference_mode()
def _embed(encoder: Encoder, batch: Batch) -> dict[str, Rows]:
    return {name: batch.rows(values) for name, values in encoder.forward(batch).items()}


def _tokenized_ahead(
    encoder: Encoder, texts: Sequence[str], cache: EmbeddingCache | None
) -> Iterator[tuple[list[str], Rows]]:
    """Texts and their token ids, a part at a time: those remembered first, while a thread makes the others."""
    known, ids = _known_ids(encoder, texts, cache)
    remembered = set(known)
    unknown = [text for text in texts if text not in remembered]
    parts = [unknown[start : start + TEXTS_AHEAD] for start in range(0, len(unknown), TEXTS_AHEAD)]
    with ThreadPoolExecutor(1, "tokenizer") as thread:
        made = thread.map(encoder.tokenize, parts)
        if known:
            yield known, ids
        for part, lists in zip(parts, made, strict=True):
            tokens = pack(lists)
            if cache:
                # Ids that fill the limit may have been cut, and another model's limit may be another.
                whole = np.flatnonzero(tokens.lengths < encoder.limit)
                cache.keep(encoder.vocabulary, [part[place] for place in whole], tokens.take(whole))
            yield part, tokens


def _known_ids(encoder: Encoder, texts: Sequence[str], cache: EmbeddingCache | None) -> tuple[list[str], Rows]:
    known: list[str] = []
    parts = []
    for keys, rows in cache.find(encoder.vocabulary, texts) if cache else ():
        fitting = np.flatnonzero(rows.lengths <= encoder.limit)
        known += [cast("str", keys[place]) for place in fitting]
        parts.append(rows.take(fitting))
    return known, join(parts)


def pack(lists: Sequence[Sequence[int]]) -> Rows:
    """Texts' token ids as rows."""
    lengths = np.array([len(ids) for ids in lists], np.int64)
    flat = np.fromiter(chain.from_iterable(lists), np.int32, int(lengths.sum()))
    return of_lengths(lengths, torch.from_numpy(flat))
