"""A fine-tuned model beside its base: an adapter on the base's own weights, or a second model."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from peft import PeftConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from seep.errors import InputError, first_line
from seep.model_files import folder_revision
from seep.paths import expanded
from seep.quiet import quieten
from services.generator.activations.parts import middle_layer, parts_of
from services.generator.activations.weights import differences_of_shape, own_weights, refuse_no_numbers

ADAPTER_FILE, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


@dataclass(frozen=True)
class Side:
    """One of the two models: `opened` makes it the one that computes, for as long as the context lasts."""

    opened: Callable[[], AbstractContextManager[PreTrainedModel]]


@dataclass(frozen=True)
class Base:
    """A loaded model with its tokenizer; `setting` names it in errors."""

    model: PreTrainedModel
    tokenizer: Any
    setting: str


@dataclass(frozen=True)
class Pair:
    """A fine-tuned model and its base, and the layer after which their states are compared.

    `scaled` gives the model that lies the share t of the way from the base to the fine-tune.
    """

    base: Side
    tuned: Side
    tokenizer: Any
    layer: int
    scaled: Callable[[float], Side]


def load_base(place: str, setting: str, dtype: str = "auto", device: str = "auto") -> Base:
    """The model in a folder, or of a name on the hub, with its tokenizer; `device` auto is a GPU where there is one.

    Raises InputError for what cannot be loaded whole, for a weight that is no number, and for a model without decoder
    layers or head.
    """
    quieten()
    try:
        # Neither code nor pickles of a model's are run: whoever offers a folder to be read is not trusted with more.
        tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False)
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            place, dtype=dtype, output_loading_info=True, use_safetensors=True, trust_remote_code=False
        )
    except Exception as error:  # a corrupt file can surface as almost any error of its libraries
        raise InputError(f"{setting}: cannot load {place!r}: {first_line(str(error))}") from error
    model, report = loaded
    if missing := sorted(report["missing_keys"]):
        raise InputError(f"{setting}: expected a whole model with its head, but {place!r} has no weights {missing[0]}")
    parts_of(model, setting)
    refuse_no_numbers(model, setting)
    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    return Base(model.to(chosen).eval().requires_grad_(False), tokenizer, setting)


def against_model(base: Base, tuned: Base) -> Pair:
    """A full fine-tune beside its base; raises InputError where their shapes, types or vocabularies differ."""
    if differing := next(differences_of_shape(base.model, tuned.model), None):
        raise InputError(f"{tuned.setting}: expected a model of the base's shape, found {differing}")
    if base.model.dtype != tuned.model.dtype:  # else the rounding of one of them would be read as a difference
        ours, theirs = (str(each.model.dtype).removeprefix("torch.") for each in (base, tuned))
        raise InputError(f"{tuned.setting}: expected the base's type of numbers, found {theirs}, not {ours}: set dtype")
    if base.tokenizer.get_vocab() != tuned.tokenizer.get_vocab():
        raise InputError(f"{tuned.setting}: expected the base's vocabulary, found another one")
    return Pair(
        _alone(base.model),
        _alone(tuned.model),
        base.tokenizer,
        middle_layer(len(parts_of(base.model, base.setting).layers)),
        lambda share: Side(partial(_between, base.model, tuned.model, share)),
    )


def with_adapters(base: Base, folders: Mapping[str, Path], setting: str) -> dict[str, Pair]:
    """By the adapter's name: the base with it, all on one copy of the weights.

    `setting` is what holds the names, as "engines.tiny.lora_modules". Raises InputError for a folder without a LoRA
    adapter, for an adapter of another base, and for one that changes the base's own weights.
    """
    model: PeftModel | None = None
    own = own_weights(base.model)
    for name, folder in folders.items():
        config = _adapter_config(folder, f"{setting}.{name}")
        _refuse_other_base(config, base, f"{setting}.{name}")
        model = _add_adapter(model, base, config, name, expanded(folder), f"{setting}.{name}")
        refuse_no_numbers(model, f"{setting}.{name}")
        own.refuse_changed(base.model, f"{setting}.{name}")
    if model is None:
        return {}
    layer = middle_layer(len(parts_of(base.model, base.setting).layers))
    return {
        name: Pair(
            Side(partial(_without_adapter, model, base.model)),
            Side(partial(_with_adapter, model, base.model, name, 1.0)),
            base.tokenizer,
            layer,
            lambda share, name=name: Side(partial(_with_adapter, model, base.model, name, share)),  # type: ignore[misc]
        )
        for name in folders
    }


def _alone(model: PreTrainedModel) -> Side:
    return Side(lambda: nullcontext(model))


@contextmanager
def _without_adapter(peft: PeftModel, model: PreTrainedModel) -> Iterator[PreTrainedModel]:
    with peft.disable_adapter():
        yield model


@contextmanager
def _with_adapter(peft: PeftModel, model: PreTrainedModel, name: str, share: float) -> Iterator[PreTrainedModel]:
    peft.set_adapter(name)
    if share == 1:
        yield model
        return
    from peft.helpers import rescale_adapter_scale

    config: Any = peft.peft_config[name]
    if config.modules_to_save:
        raise InputError(f"adapter {name}: it holds whole modules beside its matrices, which cannot be interpolated")
    with rescale_adapter_scale(model, share):
        yield model


@contextmanager
def _between(base: PreTrainedModel, tuned: PreTrainedModel, share: float) -> Iterator[PreTrainedModel]:
    """The fine-tune's own object with its weights moved, and moved back afterwards."""
    of_base = base.state_dict()  # with a head that is tied to the embedding
    weights = {name: weight for name, weight in tuned.state_dict().items() if weight.is_floating_point()}
    own = {name: weight.clone() for name, weight in weights.items()}
    try:
        for name, weight in weights.items():
            weight.copy_(torch.lerp(of_base[name], own[name], share))
        yield tuned
    finally:
        for name, weight in weights.items():
            weight.copy_(own[name])


def _adapter_config(folder: Path, setting: str) -> PeftConfig:
    if not (expanded(folder) / ADAPTER_FILE).is_file():
        raise InputError(f"{setting}: no adapter is in the folder {folder}: it has no {ADAPTER_FILE}")
    if not (expanded(folder) / ADAPTER_WEIGHTS).is_file():
        raise InputError(f"{setting}: expected {ADAPTER_WEIGHTS} in the folder {folder}: other weights are not read")
    try:
        with warnings.catch_warnings(action="ignore"):  # of fields that another release of peft knows
            config: PeftConfig = PeftConfig.from_pretrained(str(expanded(folder)))
    except Exception as error:
        raise InputError(f"{setting}: cannot read {folder}/{ADAPTER_FILE}: {first_line(str(error))}") from error
    if config.peft_type != "LORA":
        raise InputError(f"{setting}: expected a LoRA adapter, found one of the kind {config.peft_type}")
    return config


def _refuse_other_base(config: PeftConfig, base: Base, setting: str) -> None:
    """Where the adapter names its base, and both are folders or both are names on the hub, they must be the same."""
    named, ours = str(config.base_model_name_or_path or ""), str(base.model.config.name_or_path or "")
    folders = [expanded(named), expanded(ours)]
    if not named or not ours or folders[0].is_dir() != folders[1].is_dir():
        return
    alike = folder_revision(folders[0]) == folder_revision(folders[1]) if folders[0].is_dir() else named == ours
    if not alike:
        raise InputError(f"{setting}: it is an adapter of another base: of {named}, not of {ours}")


def _add_adapter(
    model: PeftModel | None, base: Base, config: PeftConfig, name: str, folder: Path, setting: str
) -> PeftModel:
    config.inference_mode = True
    try:
        with warnings.catch_warnings(action="ignore"):  # what they say is looked at below
            model = PeftModel(base.model, config, adapter_name=name) if model is None else model
            report = model.load_adapter(str(folder), name, torch_device=str(base.model.device))
    except Exception as error:  # weights of other sizes, modules that the model does not have, a corrupt file
        reason = first_line(str(error))
        raise InputError(f"{setting}: it is no adapter of this base, or cannot be read: {reason}") from error
    # Such an adapter would load in silence, and change nothing where its weights are missing.
    if wrong := [*report.missing_keys, *report.unexpected_keys]:
        raise InputError(f"{setting}: it is an adapter of another base: {len(wrong)} weights differ, as {wrong[0]}")
    model.eval()
    return model
