"""Scores ad hoc, as a KServe model: from requests of both of KServe's protocols to similarities.

V1 takes `{"instances": [{"concept": ..., "text": ...}, ...]}`, and answers `{"predictions": [{metric: similarity}]}`.
V2 takes the BYTES tensors `concept` and `text`, (pairs,), and answers an FP64 tensor per metric, (pairs,).
Protocols: KServe's V1 data plane, and the Open Inference Protocol.
"""

import asyncio
import struct
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from kserve import InferInput, InferRequest, InferResponse, Model
from kserve.errors import InvalidInput, ModelNotReady
from kserve.utils.utils import get_predict_response
from pandas import DataFrame
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from services.scorer.canary import Canary, watch
from services.scorer.similarity import Metric, Pair

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
        self.ready = True

    async def healthy(self) -> bool:
        """Whether the last rescoring of the canary was within tolerance."""
        return self._canary.is_sound()

    async def predict(
        self, payload: Mapping[str, object] | InferRequest, headers: Mapping[str, str] | None = None
    ) -> Mapping[str, object] | InferResponse:
        """Similarities of the request's pairs.

        Raises InvalidInput, which becomes a 400, for a request without any, and ModelNotReady, a 503.
        """
        # KServe asks for readiness before a call over HTTP, but not before one over gRPC.
        if not self._canary.is_sound():
            raise ModelNotReady(self.name, "Its canary's similarities are off.")
        pairs = _from_v2(payload) if isinstance(payload, InferRequest) else _from_v1(payload)
        _check(pairs, self._max_pairs)
        found = await asyncio.get_running_loop().run_in_executor(self._one_at_a_time, self._score, pairs)
        return get_predict_response(payload, DataFrame(found), self.name)

    def _score(self, pairs: Sequence[Pair]) -> dict[str, Sequence[float]]:
        return {name: metric.exact(pairs) for name, metric in self._metrics.items()}


def limit_and_explain(app: FastAPI) -> None:
    """Gives KServe's application what it lacks: a limit of bodies, and a 400 for a body of another shape."""
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_BODY)
    app.add_exception_handler(RequestValidationError, _explain)


async def _explain(request: Request, error: Exception) -> JSONResponse:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": (), "msg": "invalid"}
    return JSONResponse({"error": _error_line(first)}, status_code=400)


def _error_line(error: Mapping[str, Any] | ErrorDetails) -> str:
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


def _from_v1(payload: Mapping[str, object]) -> list[Pair]:
    try:
        body = Instances.model_validate(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        # Without its cause: KServe logs it, and it holds what was sent.
        raise InvalidInput(_error_line(first)) from None
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
        values = [value.decode() if isinstance(value, bytes) else value for value in _values(tensor)]
    except (ValueError, struct.error):
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


def _check(pairs: Sequence[Pair], max_pairs: int) -> None:
    if not 1 <= len(pairs) <= max_pairs:
        raise InvalidInput(f"{len(pairs)} pairs; expected 1 to {max_pairs} (predictor.max_pairs)")
    if sum(map(len, chain.from_iterable(pairs))) > MAX_CHARACTERS:
        raise InvalidInput(f"texts of more than {MAX_CHARACTERS} characters in all")
    # Half a character, which JSON can name and no tokenizer takes.
    if any("\ud800" <= character <= "\udfff" for pair in pairs for text in pair for character in text):
        raise InvalidInput("a text holds a lone surrogate, which is no character")
