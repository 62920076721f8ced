"""Encoders of MiniLM's and DistilBERT's shapes with random weights, and texts of their words: nothing is fetched."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

from services.scorer.similarity import Pair

SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
SYLLABLES = ["".join(each) for each in product("bdfghklmnprstvwz", "aeiou")]
LIMIT = 256


@dataclass(frozen=True)
class Size:
    """How large models and sets of pairs are; lengths of texts are in words, each of which is a token."""

    words: int
    layers: int
    wide: int
    narrow: int
    distinct: int
    drawn: int
    long: int
    long_words: int


FULL = Size(words=30_000, layers=6, wide=768, narrow=384, distinct=4000, drawn=20_000, long=2000, long_words=250)
REHEARSAL = Size(words=300, layers=2, wide=64, narrow=32, distinct=24, drawn=60, long=4, long_words=40)


def write_encoders(folder: Path, size: Size) -> tuple[Path, Path]:
    """The folders of a BERT of MiniLM's shape and of a DistilBERT, with one tokenizer."""
    tokens = _tokens(size)
    torch.manual_seed(0)
    folders = folder / "minilm", folder / "distilbert"
    for where, model in zip(folders, _models(size, len(tokens)), strict=True):
        # Tokens that differ must look different, as to a trained model: else all similarities would be near ties.
        torch.nn.init.normal_(model.get_input_embeddings().weight)
        model.save_pretrained(where)
        pieces = BertWordPieceTokenizer(vocab={token: number for number, token in enumerate(tokens)})
        make: Any = PreTrainedTokenizerFast  # has no types
        make(tokenizer_object=pieces._tokenizer, model_max_length=LIMIT, **SPECIAL).save_pretrained(where)
    return folders


def _tokens(size: Size) -> list[str]:
    letters = sorted({letter for syllable in SYLLABLES for letter in syllable})
    return [*SPECIAL.values(), *letters, *(f"##{letter}" for letter in letters), *vocabulary_words(size.words)]


def _models(size: Size, tokens: int) -> tuple[Any, Any]:
    heads = 12 if size is FULL else 2
    common: dict[str, Any] = {"vocab_size": tokens, "max_position_embeddings": 512}
    narrow = BertConfig(
        hidden_size=size.narrow,
        num_hidden_layers=size.layers,
        num_attention_heads=heads,
        intermediate_size=4 * size.narrow,
        **common,
    )
    wide = DistilBertConfig(dim=size.wide, n_layers=size.layers, n_heads=heads, hidden_dim=4 * size.wide, **common)
    make: Any = BertModel  # has no types
    return make(narrow), DistilBertModel(wide)


def vocabulary_words(count: int) -> list[str]:
    """So many words, of three syllables each."""
    return ["".join(each) for each, _ in zip(product(SYLLABLES, repeat=3), range(count), strict=False)]


def distinct_pairs(size: Size) -> list[Pair]:
    """Pairs of which no text occurs twice, as long as the published concepts and answers are."""
    source = random.Random(0)
    words = vocabulary_words(size.words)
    texts: dict[str, None] = {}
    while len(texts) < 2 * size.distinct:
        texts[_text(source, words, 2 if len(texts) < size.distinct else source.randint(1, 12))] = None
    made = list(texts)
    return list(zip(made[: size.distinct], made[size.distinct :], strict=True))


def drawn_pairs(size: Size) -> list[Pair]:
    """Pairs as often as models say the same: drawn again and again from a tenth as many, which share their concepts."""
    source = random.Random(1)
    some = distinct_pairs(size)[: max(2, size.drawn // 10)]
    concepts = [concept for concept, _ in some[: max(2, len(some) // 40)]]
    pairs = [(source.choice(concepts), text) for _, text in some]
    return source.choices(pairs, k=size.drawn)


def long_pairs(size: Size) -> list[Pair]:
    """A concept and a long answer each: here the products are nearly all of the work."""
    source = random.Random(2)
    words = vocabulary_words(size.words)
    return [(_text(source, words, 2), _text(source, words, size.long_words)) for _ in range(size.long)]


def _text(source: random.Random, words: Sequence[str], length: int) -> str:
    return " ".join(source.choices(words, k=length))
