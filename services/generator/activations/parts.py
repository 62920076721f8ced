"""Where decoder layers, the last norm and the head are in a model of transformers."""

from itertools import chain
from typing import NamedTuple

from torch import Tensor, nn
from transformers import PreTrainedModel

from seep.errors import InputError

# By what families of models call them.
LAYERS = ("layers", "h")
NORMS = ("norm", "final_layernorm", "final_layer_norm", "ln_f")


class Parts(NamedTuple):
    """The parts of a decoder that are looked into."""

    decoder: nn.Module
    layers: nn.ModuleList
    norm: nn.Module
    head: nn.Module

    def logits(self, states: Tensor) -> Tensor:
        """What the head says of states of any size [..., hidden]: [..., vocabulary]."""
        weight = next(chain(self.norm.parameters(), self.head.parameters()))  # some norms have none
        return self.head(self.norm(states.to(weight.device, weight.dtype))).float()  # type: ignore[no-any-return]


def parts_of(model: PreTrainedModel, setting: str) -> Parts:
    """The parts of a model; raises InputError, naming `setting`, for one that has no such parts."""
    decoder = model.get_decoder()  # type: ignore[no-untyped-call]
    layers = next((found for name in LAYERS if isinstance(found := getattr(decoder, name, None), nn.ModuleList)), None)
    norm = next((found for name in NORMS if isinstance(found := getattr(decoder, name, None), nn.Module)), None)
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    if decoder is None or not layers or norm is None or head is None:
        kind = type(model).__name__
        raise InputError(f"{setting}: expected a model with decoder layers, a last norm and a head, found a {kind}")
    return Parts(decoder, layers, norm, head)


def middle_layer(layers: int) -> int:
    """The layer, counted from 0, after which states are taken."""
    return int(0.5 * (layers - 1))
