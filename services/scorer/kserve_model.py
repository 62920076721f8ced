"""Scores ad hoc, as a KServe model: from requests of both of KServe's protocols to similarities.

V1 takes `{"instances": [{"concept": ..., "text": ...}, ...]}`, and answers `{"predictions": [{metric: similarity}]}`.
V2 takes the BYTES tensors `concept` and `text`, (pairs,), and answers an FP64 tensor per metric, (pairs,).
Protocols: KServe's V1 data plane, and the Open Inference Protocol.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from kserve import InferRequest, InferResponse, Model
from kserve.errors import InvalidInput
from kserve.utils.utils import get_predict_response
from pandas import DataFrame
from pydantic import BaseModel, ConfigDict, ValidationError

from services.scorer.canary import Canary
from services.scorer.similarity import Metric, Pair

NAME = "seep-scorer"

# A model cuts texts at a few hundred tokens, but only after it has split them whole.
MAX_CHARACTERS = 100_000


class Instance(BaseModel):
    """A concept and a text to be compared with it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    concept: str
    text: str


class Instances(BaseModel):
    """The body of a V1 request."""

    model_config = ConfigDict(extra="forbid", strict=True)

    instances: list[Instance]


class ScorerModel(Model):  # type: ignore[misc]  # kserve has no types
    """All configured metrics, in float32; one batch is computed at a time. Ready while its canary is sound."""

    def __init__(self, metrics: Mapping[str, Metric], max_pairs: int) -> None:
        super().__init__(NAME)
        self._metrics, self._max_pairs = metrics, max_pairs
        self._canary = Canary(metrics)
        self._one_at_a_time = ThreadPoolExecutor(1, "scorer")
        self.ready = True

    async def healthy(self) -> bool:
        """Whether the last rescoring of the canary was within tolerance."""
        return self._canary.is_sound()

    async def predict(
        self, payload: Mapping[str, object] | InferRequest, headers: Mapping[str, str] | None = None
    ) -> Mapping[str, object] | InferResponse:
        """Similarities of the request's pairs; raises InvalidInput, which becomes a 400, for a request without any."""
        pairs = _from_v2(payload) if isinstance(payload, InferRequest) else _from_v1(payload)
        _check(pairs, self._max_pairs)
        found = await asyncio.get_running_loop().run_in_executor(self._one_at_a_time, self._score, pairs)
        return get_predict_response(payload, DataFrame(found), self.name)

    def _score(self, pairs: Sequence[Pair]) -> dict[str, Sequence[float]]:
        self._canary.check()
        return {name: metric.exact(pairs) for name, metric in self._metrics.items()}


def _from_v1(payload: Mapping[str, object]) -> list[Pair]:
    try:
        body = Instances.model_validate(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidInput(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return [(instance.concept, instance.text) for instance in body.instances]


def _from_v2(payload: InferRequest) -> list[Pair]:
    concepts, texts = (_strings(payload, name) for name in ("concept", "text"))
    if len(concepts) != len(texts):
        raise InvalidInput(f"inputs: {len(concepts)} concepts, but {len(texts)} texts")
    return list(zip(concepts, texts, strict=True))


def _strings(payload: InferRequest, name: str) -> list[str]:
    tensor = payload.get_input_by_name(name)
    if tensor is None or tensor.datatype != "BYTES" or len(tensor.shape) != 1:
        raise InvalidInput(f"inputs: expected a tensor {name!r} of datatype BYTES and shape (pairs,)")
    try:
        values = tensor.as_numpy().tolist()
        return [value.decode() if isinstance(value, bytes) else str(value) for value in values]
    except ValueError as error:
        raise InvalidInput(f"inputs: {name}: expected {tensor.shape[0]} strings in UTF-8") from error


def _check(pairs: Sequence[Pair], max_pairs: int) -> None:
    if not 1 <= len(pairs) <= max_pairs:
        raise InvalidInput(f"{len(pairs)} pairs; expected 1 to {max_pairs} (predictor.max_pairs)")
    if any(len(text) > MAX_CHARACTERS for pair in pairs for text in pair):
        raise InvalidInput(f"a text of more than {MAX_CHARACTERS} characters")
