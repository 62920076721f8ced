"""What is looked at in weights before they are trusted: numbers, the same shape, a base that stays as it is."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from seep.errors import InputError
from services.generator.activations.parts import parts_of

# Of a configuration: what must be alike for the difference of two models' states to mean anything.
SHAPE = ("model_type", "hidden_size", "num_hidden_layers", "vocab_size")


@dataclass(frozen=True)
class OwnWeights:
    """Those of a model before any adapter: how long each one is, and how many layers they make."""

    weights: tuple[Tensor, ...]
    lengths: tuple[float, ...]
    layers: int

    def refuse_changed(self, model: PreTrainedModel, setting: str) -> None:
        """Raises InputError where the model is no more what it was.

        Some kinds of LoRA write into their base. What is left without such an adapter would be compared with it as the
        base, and is none.
        """
        layers = len(parts_of(model, setting).layers)
        if layers != self.layers or tuple(map(_length, self.weights)) != self.lengths:
            raise InputError(
                f"{setting}: expected an adapter beside the base's own weights, found one that changes them (by bias, "
                f"layer_replication, or an init_lora_weights such as pissa or olora): save it as a whole model"
            )


def own_weights(model: PreTrainedModel) -> OwnWeights:
    """Those of a model without adapters."""
    weights = tuple(model.parameters())
    return OwnWeights(weights, tuple(map(_length, weights)), len(parts_of(model, "model").layers))


def refuse_no_numbers(model: nn.Module, setting: str) -> None:
    """Raises InputError for a weight that is no finite number."""
    for name, weight in model.named_parameters():
        if not math.isfinite(_length(weight)):
            raise InputError(f"{setting}: expected numbers as weights, found NaN or infinity in {name}")


def differences_of_shape(base: PreTrainedModel, tuned: PreTrainedModel) -> Iterator[str]:
    """What a fine-tune has otherwise than its base, as "NAME VALUE instead of VALUE"."""
    configs = [model.config.get_text_config() for model in (base, tuned)]
    for name in SHAPE:
        ours, theirs = (getattr(config, name, None) for config in configs)
        if ours != theirs:
            yield f"{name} {theirs} instead of {ours}"
    sizes, others = ({name: list(weight.shape) for name, weight in each.state_dict().items()} for each in (base, tuned))
    for name in sorted({*sizes, *others}):
        if sizes.get(name) != others.get(name):
            yield f"{name} {others.get(name)} instead of {sizes.get(name)}"


def _length(weight: Tensor) -> float:
    return float(torch.linalg.vector_norm(weight.detach(), dtype=torch.float64))
