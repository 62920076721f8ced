"""Scores ad hoc, as a KServe model: from requests of both of KServe's protocols to similarities.

V1 takes `{"instances": [{"concept": ..., "text": ...}, ...]}`, and answers `{"predictions": [{metric: similarity}]}`.
V2 takes the BYTES tensors `concept` and `text`, (pairs,), and answers an FP64 tensor per metric, (pairs,).
Protocols: KServe's V1 data plane, and the Open Inference Protocol.
"""

import asyncio
import logging
import struct
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from kserve import InferInput, InferRequest, InferResponse, Model
from kserve.errors import InferenceError, InvalidInput, ModelNotReady
from kserve.utils.utils import get_predict_response
from pandas import DataFrame
from pydantic import BaseModel, ConfigDict, ValidationError

from seep.runtime.worker import description
from services.scorer.canary import Canary, watch
from services.scorer.similarity import Metric, Pair

log = logging.getLogger(__name__)

NAME = "seep-scorer"

# Of a request: a model cuts texts at a few hundred tokens, but only after it has split them whole.
MAX_CHARACTERS = 500_000

# Of a request's body in bytes: that many characters, each as JSON's \uXXXX, and what is around them.
LARGEST_BODY = 4 << 20


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
    """All given metrics; one batch is computed at a time. Ready, and answering, while its canary is sound."""

    def __init__(self, metrics: Mapping[str, Metric], max_pairs: int) -> None:
        super().__init__(NAME)
        self._metrics, self._max_pairs = metrics, max_pairs
        self._canary = Canary(metrics)
        watch(self._canary)
        self._one_at_a_time = ThreadPoolExecutor(1, "scorer")
        # A request takes many times its size while it is read: one at a time, beside the loop that answers others.
        self.reader = ThreadPoolExecutor(1, "reader")
        self.ready = True

    async def healthy(self) -> bool:
        """Whether the last rescoring of the canary was within tolerance."""
        return self._canary.is_sound()

    async def predict(
        self, payload: Mapping[str, object] | InferRequest, headers: Mapping[str, str] | None = None
    ) -> Mapping[str, object] | InferResponse:
        """Similarities of the request's pairs.

        Raises InvalidInput, which becomes a 400, for a request that is not as it must be, ModelNotReady, a 503, and
        InferenceError, a 500.
        """
        # KServe asks for readiness before a call over HTTP, but not before one over gRPC.
        if not self._canary.is_sound():
            raise ModelNotReady(self.name, "Its canary's similarities are off.")
        loop = asyncio.get_running_loop()
        pairs = await loop.run_in_executor(self.reader, _pairs, payload, self._max_pairs)
        try:
            found = await loop.run_in_executor(self._one_at_a_time, self._score, pairs)
        except Exception as error:  # of a library, whose message may quote the texts
            log.error("scoring failed: %s", description(error))
            raise InferenceError("internal error") from None
        return get_predict_response(payload, DataFrame(found), self.name)

    def _score(self, pairs: Sequence[Pair]) -> dict[str, Sequence[float]]:
        return {name: metric.exact(pairs) for name, metric in self._metrics.items()}


def error_line(error: ValidationError) -> str:
    """What is wrong first, in words that are not the request's own."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place, message = first["loc"], first["msg"]
    if first["type"] == "extra_forbidden":
        # The last of the place is a key that somebody made up.
        place, message = place[:-1], "a field that is not expected here"
    return f"{'.'.join(map(str, place)) or 'the body'}: {message}"


def _pairs(payload: Mapping[str, object] | InferRequest, max_pairs: int) -> list[Pair]:
    pairs = _from_v2(payload, max_pairs) if isinstance(payload, InferRequest) else _from_v1(payload, max_pairs)
    if sum(map(len, chain.from_iterable(pairs))) > MAX_CHARACTERS:
        raise InvalidInput(f"texts of more than {MAX_CHARACTERS} characters in all")
    return pairs


def _from_v1(payload: Mapping[str, object], max_pairs: int) -> list[Pair]:
    instances = payload.get("instances")
    _check_fields("the body", payload, Instances)
    if isinstance(instances, list):
        _check_number(len(instances), max_pairs)
        for place, instance in enumerate(instances):
            _check_fields(f"instances.{place}", instance, Instance)
    try:
        body = Instances.model_validate(payload)
    except ValidationError as error:
        # Without its cause, which holds what was sent.
        raise InvalidInput(error_line(error)) from None
    return [(instance.concept, instance.text) for instance in body.instances]


def _check_fields(place: str, found: object, model: type[BaseModel]) -> None:
    """Before the model does, which lists every field of a million that it does not know."""
    if isinstance(found, Mapping) and not found.keys() <= model.model_fields.keys():
        raise InvalidInput(f"{place}: a field that is not expected here")


def _from_v2(payload: InferRequest, max_pairs: int) -> list[Pair]:
    concepts, texts = (_strings(payload, name, max_pairs) for name in ("concept", "text"))
    if len(concepts) != len(texts):
        raise InvalidInput(f"inputs: {len(concepts)} concepts, but {len(texts)} texts")
    return list(zip(concepts, texts, strict=True))


def _strings(payload: InferRequest, name: str, max_pairs: int) -> list[str]:
    tensor = payload.get_input_by_name(name)
    if tensor is None or tensor.datatype != "BYTES" or not _is_row(tensor.shape):
        raise InvalidInput(f"inputs: expected a tensor {name!r} of datatype BYTES and shape (pairs,)")
    _check_number(tensor.shape[0], max_pairs)
    try:
        values = [value.decode() if isinstance(value, bytes) else value for value in _values(tensor)]
    except (ValueError, TypeError, struct.error):
        values = []
    texts = [value for value in values if isinstance(value, str)]
    if not len(texts) == len(values) == tensor.shape[0]:
        raise InvalidInput(f"inputs: {name}: expected {tensor.shape[0]} strings in UTF-8")
    return texts


def _values(tensor: InferInput) -> list[object]:
    """What a request's body holds for a tensor: bytes after lengths, or a list as it was in its JSON."""
    data = tensor.data
    values: list[object] = data if isinstance(data, list) and data else tensor.as_numpy().tolist()
    return values


def _is_row(shape: object) -> bool:
    return isinstance(shape, list) and len(shape) == 1 and isinstance(shape[0], int)


def _check_number(pairs: int, max_pairs: int) -> None:
    if not 1 <= pairs <= max_pairs:
        raise InvalidInput(f"{pairs} pairs; expected 1 to {max_pairs} (predictor.max_pairs)")
