"""BERTScore: precision, recall and F1 of greedy token matching, with the bert_score library's models and layers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
import torch
from bert_score.utils import get_model, get_tokenizer, model2layers
from torch import Tensor
from transformers import AutoConfig, GPT2Tokenizer, PreTrainedModel, PreTrainedTokenizerBase, RobertaTokenizer

from seep.answers import is_blank
from seep.errors import InputError
from seep.quiet import quieten
from seep.settings import BertScore
from services.scorer.cache import EmbeddingCache
from services.scorer.encoder import Encoder, default_device, encode, vocabulary, whole_reader
from services.scorer.matching import greedy_match
from services.scorer.models import Model
from services.scorer.precision import Computing, measured_bound
from services.scorer.rescaling import read_baseline, rescale
from services.scorer.similarity import Opened, Pair

COLUMNS = {"precision": 0, "recall": 1, "f1": 2}

# Above bfloat16's largest error on the published answers: benchmarks/RESULTS.md.
LEAST_ERROR_BOUND = 0.006

# F1 may multiply the errors of precision and recall by so much, at most: by 1 where the two are equal, by more the
# farther apart they are, and without bound where they cancel. Pairs beyond it are computed in float32.
F1_CONDITION = 1.3

# Tokens that are matched at once: their vectors are all in memory, 0.8 GB of the largest usual models.
TOKENS_AT_ONCE = 1 << 18

Matched = Callable[[EmbeddingCache | None, Sequence[Pair]], Tensor]
"""Precision, recall and F1 of pairs by position, (pairs, 3), with the help of a cache or without one."""

# Precision, recall and F1 where a text has no token of its own.
NOTHING = (0.0, 0.0, 0.0)

# Where neither tokenizer nor model says how long a text may be, as with relative positions.
UNDECLARED_LIMIT = 512


@dataclass(frozen=True)
class BertScorer:
    """An encoder of tokens, and the ids of its special tokens, which carry no weight."""

    encoder: Encoder
    special: tuple[int, ...]


def open_metrics(section: str, settings: BertScore, model: Model, computing: Computing) -> Opened:
    """The configured scores as metrics; whatever the library raises for a bad model passes through.

    Raises InputError for a layer that the model does not have, and for an unusable baseline.
    """
    layer = chosen_layer(section, model, settings.layer)
    baseline = read_baseline(section, settings.baseline, layer) if settings.baseline else torch.zeros(3)
    read = f"/layer{layer}"
    if settings.baseline:
        read += f"/baseline{','.join(f'{value:g}' for value in baseline.tolist())}"
    name = f"{model.identity}/layer{layer}"
    scorer = load(model.location, name, layer, torch.float32)
    exact: Matched = partial(match, scorer)
    fast, error_bounds = exact, (0.0, 0.0, 0.0)
    if computing.dtype != torch.float32:
        fast, error_bounds = stable(partial(match, load(model.location, name, layer, computing.dtype)), exact)
    of_kind = settings.names_by_score(settings.kind)
    reads_whole = whole_reader(scorer.encoder, computing.cache)
    metrics = {
        name: computing.metric(
            partial(scores, fast, column, baseline),
            partial(scores, exact, column, baseline),
            # Stretching stretches errors too.
            error_bound=error_bounds[column] / float(1 - baseline[column]),
            source=f"{of_kind[score]} {model.short_name}{read}",
            reads_whole=reads_whole,
        )
        for score, name in settings.names_by_score(section).items()
        for column in [COLUMNS[score]]
    }
    return Opened(metrics, f"{model.identity}{read}")


def chosen_layer(section: str, model: Model, configured: int | None) -> int:
    """The layer to be read: the configured one, else the library's choice for the model's name, else the last.

    Raises InputError for a layer that the model does not have.
    """
    config = AutoConfig.from_pretrained(model.location)
    _refuse_false_t5(model.location, config.model_type)
    layers: int = config.num_hidden_layers
    layer: int = configured or model2layers.get(model.name, layers)
    if layer > layers:
        raise InputError(f"metrics.{section}.layer: {layer}, but {model.name!r} has {layers} layers")
    return layer


def load(location: str, name: str, layer: int, dtype: torch.dtype) -> BertScorer:
    """The model at a folder or hub name, known as `name`, up to a layer; it computes in `dtype`."""
    quieten()
    device = default_device()
    # A checkpoint's own half precision would make ties of similarities that differ.
    model = get_model(location, layer).to(device, dtype)
    tokenizer = get_tokenizer(location)
    limit = _limit(tokenizer, getattr(model.config, "max_position_embeddings", 0))
    tokenize = partial(_tokenize, tokenizer, limit)
    encoder = Encoder(
        name=f"{name}/tokens/{dtype}",
        vocabulary=vocabulary(tokenizer, tokenize),
        limit=limit,
        tokenize=tokenize,
        count=partial(_count, tokenizer),
        forward=partial(_forward, model),
        device=device,
    )
    special = (tokenizer.cls_token_id, tokenizer.sep_token_id)
    return BertScorer(encoder, tuple(token for token in special if token is not None))


def scores(
    matched: Matched, column: int, baseline: Tensor, cache: EmbeddingCache | None, pairs: Sequence[Pair]
) -> list[float]:
    """Precision (column 0), recall (1) or F1 (2) of pairs, by position, stretched from the baseline."""
    similarities: list[float] = rescale(matched(cache, pairs), baseline)[:, column].tolist()
    return similarities


def stable(fast: Matched, exact: Matched) -> tuple[Matched, tuple[float, float, float]]:
    """`fast`, but for pairs whose F1 would multiply its errors too much, which `exact` matches; and its error bounds.

    They are of precision, recall and F1. Where precision and recall nearly cancel, any error of theirs makes any error
    of F1.
    """
    unstretched = torch.zeros(3)
    bound = max(
        measured_bound(
            partial(scores, fast, column, unstretched), partial(scores, exact, column, unstretched), LEAST_ERROR_BOUND
        )
        for column in (0, 1)
    )

    def matched(cache: EmbeddingCache | None, pairs: Sequence[Pair]) -> Tensor:
        found = fast(cache, pairs)
        unstable = is_unstable(found, bound).nonzero().flatten().tolist()
        found[unstable] = exact(cache, [pairs[place] for place in unstable])
        return found

    return matched, (bound, bound, F1_CONDITION * bound)


def match(scorer: BertScorer, cache: EmbeddingCache | None, pairs: Sequence[Pair]) -> Tensor:
    """Precision, recall and F1, (pairs, 3), of pairs by position, on the CPU: no idf weights, no rescaling.

    All 0, as in the library, where either text has no token of its own: empty, blank, control characters. Texts
    beyond the model's limit are cut. The text is the candidate, the concept the reference.
    Source: Zhang et al. 2020, arXiv 1904.09675.
    """
    name = scorer.encoder.name
    remembered = {pair: cache.scores(name, pair) if cache else None for pair in pairs}
    missing = [pair for pair, scores in remembered.items() if scores is None and not any(map(is_blank, pair))]
    made: dict[Pair, tuple[float, ...]] = {}
    for part in _parts(missing, scorer.encoder.limit):
        made |= zip(part, map(tuple, _match(scorer, cache, part).tolist()), strict=True)
    if cache:
        cache.keep(name, made)
    return torch.tensor([remembered[pair] or made.get(pair, NOTHING) for pair in pairs]).view(len(pairs), 3)


def _parts(pairs: Sequence[Pair], limit: int) -> Iterator[list[Pair]]:
    """The pairs in parts of no more than TOKENS_AT_ONCE tokens, if every character were one."""
    part: list[Pair] = []
    tokens = 0
    for pair in pairs:
        more = sum(min(len(text) + 2, limit) for text in pair)
        if part and tokens + more > TOKENS_AT_ONCE:
            yield part
            part, tokens = [], 0
        part.append(pair)
        tokens += more
    if part:
        yield part


def _match(scorer: BertScorer, cache: EmbeddingCache | None, pairs: Sequence[Pair]) -> Tensor:
    embedded = encode(scorer.encoder, chain.from_iterable(pairs), cache)
    row = {text: index for index, text in enumerate(embedded)}
    vectors = torch.cat([text.vectors for text in embedded.values()])
    ids = torch.from_numpy(np.concatenate([text.ids for text in embedded.values()]))
    weights = torch.isin(ids, torch.tensor(scorer.special, dtype=torch.int32), invert=True).float()
    lengths = torch.tensor([0, *(len(text.ids) for text in embedded.values())])
    numbered = torch.tensor([(row[text], row[concept]) for concept, text in pairs])
    arguments = (side.to(vectors.device) for side in (lengths.cumsum(0), weights, numbered))
    return greedy_match(vectors, *arguments).cpu()


def is_unstable(scores: Tensor, bound: float) -> Tensor:
    """Whether F1 could be farther off than F1_CONDITION times `bound`, (pairs,), for scores, (pairs, 3).

    `bound` is how far precision and recall may be off.
    """
    precision, recall = scores[:, 0], scores[:, 1]
    # The derivatives of F1 by both, 2 R² / (P + R)² and 2 P² / (P + R)², at the worst point that P and R may be at.
    squares = (precision.abs() + bound) ** 2 + (recall.abs() + bound) ** 2
    smallest_sum = (precision + recall).abs() - 2 * bound
    return (smallest_sum <= 0) | (2 * squares > F1_CONDITION * smallest_sum**2)


def _tokenize(tokenizer: PreTrainedTokenizerBase, limit: int, texts: list[str]) -> list[list[int]]:
    # As the library does, for each of a list: bert_score.utils.sent_encode.
    stripped = [text.strip() for text in texts]
    ids: list[list[int]] = tokenizer(stripped, truncation=True, max_length=limit, **_options(tokenizer))["input_ids"]
    return ids


def _count(tokenizer: PreTrainedTokenizerBase, text: str) -> int:
    return len(tokenizer(text.strip(), truncation=False, verbose=False, **_options(tokenizer))["input_ids"])


def _options(tokenizer: PreTrainedTokenizerBase) -> dict[str, bool]:
    return {"add_prefix_space": True} if isinstance(tokenizer, GPT2Tokenizer | RobertaTokenizer) else {}


def _forward(model: PreTrainedModel, ids: Tensor) -> Tensor:
    """The tokens' vectors, of length 1, in the model's type."""
    vectors: Tensor = model(input_ids=ids)[0]
    return torch.nn.functional.normalize(vectors.float(), dim=2).to(vectors.dtype)


def _refuse_false_t5(location: str, architecture: str) -> None:
    # The library takes every model with "t5" in its name or path for a T5, and gives another one random weights.
    if "t5" in location and "t5" not in architecture:
        raise ValueError(f"the bert_score library takes 't5' in {location!r} for a T5 model; give it another path")


def _limit(tokenizer: PreTrainedTokenizerBase, positions: int) -> int:
    # The library cuts texts at the tokenizer's limit, which many tokenizers do not declare: it then overflows.
    if positions <= 0:
        return int(min(tokenizer.model_max_length, UNDECLARED_LIMIT))
    if tokenizer.model_max_length > positions:
        return positions - 2  # RoBERTa's positions start at 2
    return int(tokenizer.model_max_length)
