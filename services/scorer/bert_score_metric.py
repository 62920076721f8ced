"""BERTScore: precision, recall and F1 of greedy token matching, with the bert_score library's models and layers."""

from functools import partial

import torch
from bert_score.utils import get_model, get_tokenizer, model2layers
from transformers import AutoConfig

from seep.errors import InputError
from seep.quiet import quieten
from seep.settings import BertScore
from seep.settings.metrics import STRETCHED
from services.scorer.backbone import Backbones
from services.scorer.encoder import whole_reader
from services.scorer.models import Model
from services.scorer.precision import Computing
from services.scorer.rescaling import read_baseline
from services.scorer.similarity import Opened
from services.scorer.token_encoder import BertScorer, match, token_scorer
from services.scorer.token_scores import Matched, scores, stable

COLUMNS = {"precision": 0, "recall": 1, "f1": 2}


def open_metrics(section: str, settings: BertScore, model: Model, computing: Computing) -> Opened:
    """The configured scores as metrics; whatever the library raises for a bad model passes through.

    Raises InputError for a layer that the model does not have, and for an unusable baseline.
    """
    layer = chosen_layer(section, model, settings.layer)
    baseline = read_baseline(section, settings.baseline, layer) if settings.baseline else torch.zeros(3)
    read = f"/layer{layer}"
    if settings.baseline:
        read += f"{STRETCHED}{','.join(f'{value:g}' for value in baseline.tolist())}"
    name = f"{model.identity}/layer{layer}"
    scorer = load(model.location, name, layer, torch.float32, computing.backbones)
    exact: Matched = partial(match, scorer)
    fast, error_bounds = exact, (0.0, 0.0, 0.0)
    if computing.dtype != torch.float32:
        quick = load(model.location, name, layer, computing.dtype, computing.backbones)
        fast, error_bounds = stable(partial(match, quick), exact)
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


def load(location: str, name: str, layer: int, dtype: torch.dtype, backbones: Backbones | None = None) -> BertScorer:
    """The model at a folder or hub name, known as `name`, up to a layer; it computes in `dtype`."""
    quieten()
    model = get_model(location, layer)
    tokenizer = get_tokenizer(location)
    return token_scorer(model, tokenizer, layer, location=location, name=name, dtype=dtype, backbones=backbones)


def _refuse_false_t5(location: str, architecture: str) -> None:
    # The library takes every model with "t5" in its name or path for a T5, and gives another one random weights.
    if "t5" in location and "t5" not in architecture:
        raise ValueError(f"the bert_score library takes 't5' in {location!r} for a T5 model; give it another path")
