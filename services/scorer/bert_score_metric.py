"""BERTScore: F1 of greedy token matching, from the bert_score library."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

import torch
from bert_score.utils import get_bert_embedding, get_model, get_tokenizer, model2layers
from transformers import AutoConfig, PreTrainedModel, PreTrainedTokenizerBase

from seep.errors import InputError
from services.scorer.matching import greedy_match
from services.scorer.quiet import quieten
from services.scorer.similarity import Metric, Pair

Tokens = tuple[torch.Tensor, torch.Tensor]
"""A text's token embeddings, (tokens, dimensions), and the tokens' weights, (tokens,)."""

Item = TypeVar("Item")

BATCH = 64

# Where neither tokenizer nor model says how long a text may be, as with relative positions.
UNDECLARED_LIMIT = 512


def load(location: str, name: str, layer: int | None) -> tuple[Metric, int]:
    """The metric over the model at a folder or hub name, and the layer it reads.

    The layer defaults to the library's choice for `name`, else to the model's last. Raises InputError for a layer
    that the model does not have; whatever the library raises for a bad model passes through.
    """
    quieten()
    config = AutoConfig.from_pretrained(location)
    _refuse_false_t5(location, config.model_type)
    layers: int = config.num_hidden_layers
    chosen: int = layer or model2layers.get(name, layers)
    if chosen > layers:
        raise InputError(f"metrics.bert_score.layer: {chosen}, but {name!r} has {layers} layers")
    # A checkpoint's own half precision would make ties of similarities that differ.
    model = get_model(location, chosen).float().to("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = get_tokenizer(location)
    _limit_length(tokenizer, getattr(model.config, "max_position_embeddings", 0))
    return partial(f1, model, tokenizer), chosen


def f1(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, pairs: Sequence[Pair]) -> list[float]:
    """F1 of pairs, by position: no idf weights, no rescaling; each distinct text is encoded and pair matched once.

    0.0, as in the library, where either text has no token of its own: empty, blank, control characters. Texts beyond
    the model's limit are cut. Source: Zhang et al. 2020, arXiv 1904.09675.
    """
    tokens = _encode(model, tokenizer, {text for pair in pairs for text in pair})
    found = _match([pair for pair in dict.fromkeys(pairs) if all(text in tokens for text in pair)], tokens)
    return [found.get(pair, 0.0) for pair in pairs]


def _encode(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]) -> dict[str, Tokens]:
    """The tokens of every text that has any, beside the special ones, which have no weight."""
    weights = defaultdict(lambda: 1.0, {tokenizer.cls_token_id: 0.0, tokenizer.sep_token_id: 0.0})
    # Its way with blank texts calls a method of tokenizers that is no longer there.
    ordered = sorted((text for text in texts if text.strip()), key=lambda text: (len(text), text))
    tokens = {}
    for batch in _batches(ordered):
        encoded = get_bert_embedding(batch, model, tokenizer, weights, device=model.device)
        for text, embeddings, mask, weight in zip(batch, *encoded, strict=True):
            if weight.any():
                tokens[text] = embeddings[mask.bool()], weight[mask.bool().cpu()]
    return tokens


def _match(pairs: Sequence[Pair], tokens: Mapping[str, Tokens]) -> dict[Pair, float]:
    if not pairs:
        return {}
    place = {text: index for index, text in enumerate(tokens)}
    vectors = torch.nn.functional.normalize(torch.cat([vectors for vectors, _ in tokens.values()]), dim=1)
    lengths = torch.tensor([0, *(len(weights) for _, weights in tokens.values())])
    weights = torch.cat([weights for _, weights in tokens.values()])
    numbered = torch.tensor([(place[concept], place[text]) for concept, text in pairs])
    scores = greedy_match(vectors, *(side.to(vectors.device) for side in (lengths.cumsum(0), weights, numbered)))
    return dict(zip(pairs, scores[:, 2].tolist(), strict=True))


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    for start in range(0, len(items), BATCH):
        yield list(items[start : start + BATCH])


def _refuse_false_t5(location: str, architecture: str) -> None:
    # The library takes every model with "t5" in its name or path for a T5, and gives another one random weights.
    if "t5" in location and "t5" not in architecture:
        raise ValueError(f"the bert_score library takes 't5' in {location!r} for a T5 model; give it another path")


def _limit_length(tokenizer: PreTrainedTokenizerBase, positions: int) -> None:
    # The library cuts texts at the tokenizer's limit, which many tokenizers do not declare: it then overflows.
    if positions <= 0:
        tokenizer.model_max_length = min(tokenizer.model_max_length, UNDECLARED_LIMIT)
    elif tokenizer.model_max_length > positions:
        tokenizer.model_max_length = positions - 2  # RoBERTa's positions start at 2
