"""KServe's V1 and the Open Inference Protocol over HTTP, as far as a scorer that is there for good has use for them.

KServe's own server also loads and unloads models for whoever asks, and logs what is wrong in the asker's words.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from kserve import InferRequest, ModelRepository
from kserve.constants.constants import INFERENCE_CONTENT_LENGTH_HEADER
from kserve.errors import InferenceError, InvalidInput, ModelNotFound, ModelNotReady, ServerNotLive, ServerNotReady
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.rest.server import metrics_handler
from kserve.protocol.rest.v1_endpoints import V1Endpoints
from kserve.protocol.rest.v2_datamodels import InferenceRequest
from kserve.protocol.rest.v2_endpoints import V2Endpoints
from pydantic import ValidationError
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect

from services.scorer.kserve_model import LARGEST_BODY, NAME, ScorerModel, error_line

# Of tensors, dimensions and parameters: a model that checks a request lists every fault, and a million take seconds.
MOST_ENTRIES = 16

STATUSES: dict[type[Exception], int] = {
    InvalidInput: 400,
    # Who has gone hears nothing, but it is no error of the server's, which a log would be filled with.
    ClientDisconnect: 400,
    ModelNotFound: 404,
    InferenceError: 500,
    NotImplementedError: 501,
    ModelNotReady: 503,
    ServerNotLive: 503,
    ServerNotReady: 503,
}


class Plane(DataPlane):  # type: ignore[misc]  # kserve has no types
    """KServe's data plane of one model: alive while the model is there, ready while it answers."""

    def __init__(self, model: ScorerModel) -> None:
        registry = ModelRepository()
        registry.update(model)
        super().__init__(registry)
        self.reader = model.reader

    async def live(self) -> dict[str, str]:
        """In KServe's words."""
        return {"status": "gone" if self.model_registry.get_model(NAME) is None else "alive"}

    async def ready(self) -> bool:
        """Whether the model would answer."""
        return bool(await self.model_registry.is_model_ready(NAME))

    def metadata(self) -> dict[str, Any]:
        """KServe's, without the extension that loads and unloads."""
        return {**super().metadata(), "extensions": []}


def http_application(plane: Plane) -> FastAPI:
    """The application over a data plane; what is wrong with a request is one line for who sent it, and in no log."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_BODY)
    for error, status in STATUSES.items():
        app.add_exception_handler(error, _handler(status))
    old, new = V1Endpoints(plane), V2Endpoints(plane)
    readers = {
        "/": plane.live,
        "/metrics": metrics_handler,
        "/v1/models": old.models,
        "/v1/models/{model_name}": old.model_ready,
        "/v2": new.metadata,
        "/v2/health/live": new.live,
        "/v2/health/ready": new.ready,
        "/v2/models": new.models,
        "/v2/models/{model_name}": new.model_metadata,
        "/v2/models/{model_name}/ready": new.model_ready,
    }
    for path, reader in readers.items():
        app.add_api_route(path, reader)
    _add_inference(app, plane)
    return app


def _add_inference(app: FastAPI, plane: Plane) -> None:
    async def payload_of(request: Request, model_name: str, parse: Any) -> Any:
        if not await plane.model_ready(model_name):
            raise ModelNotReady(model_name)
        body = await request.body()
        return await asyncio.get_running_loop().run_in_executor(plane.reader, parse, body, request.headers, model_name)

    async def predict(model_name: str, request: Request) -> Response:
        payload = await payload_of(request, model_name, _parse_v1)
        response, _ = await plane.infer(model_name, payload)
        return JSONResponse(response)

    async def infer(model_name: str, request: Request) -> Response:
        payload = await payload_of(request, model_name, _parse_v2)
        response, _ = await plane.infer(model_name, payload)
        content, json_size = response.to_rest()
        if isinstance(content, bytes):
            headers = {INFERENCE_CONTENT_LENGTH_HEADER: str(json_size)}
            return Response(content, media_type="application/octet-stream", headers=headers)
        return JSONResponse(content)

    app.add_api_route("/v1/models/{model_name}:predict", predict, methods=["POST"])
    app.add_api_route("/v2/models/{model_name}/infer", infer, methods=["POST"])


def _handler(status: int) -> Any:
    async def answer(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status)

    return answer


def _parse_v1(body: bytes, _headers: Mapping[str, str], _name: str) -> dict[str, Any]:
    payload = _json(body)
    if not isinstance(payload, dict):
        raise InvalidInput('the body: expected {"instances": [{"concept": ..., "text": ...}, ...]}')
    return payload


def _json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"the body is no JSON: {error}") from None


def _check_entries(document: object) -> None:
    """Raises InvalidInput for more tensors, dimensions or parameters than any has use for, and for nested data."""
    described = [document, *_entries(document, "inputs"), *_entries(document, "outputs")]
    for each in described:
        _entries(each, "parameters")
        _entries(each, "shape")
        data = each.get("data") if isinstance(each, dict) else None
        if isinstance(data, list) and any(isinstance(value, list | dict) for value in data):
            raise InvalidInput("data: expected a string for each pair, found a list or an object")


def _entries(described: object, name: str) -> list[object]:
    found = described.get(name) if isinstance(described, dict) else None
    if isinstance(found, list | dict) and len(found) > MOST_ENTRIES:
        raise InvalidInput(f"{name}: expected at most {MOST_ENTRIES} entries, found {len(found)}")
    return found if isinstance(found, list) else []


def _parse_v2(body: bytes, headers: Mapping[str, str], name: str) -> InferRequest:
    json_size = headers.get(INFERENCE_CONTENT_LENGTH_HEADER)
    if json_size is None:
        _check_entries(_json(body))
        try:
            return InferRequest.from_inference_request(InferenceRequest.model_validate_json(body), name)
        except ValidationError as error:
            raise InvalidInput(error_line(error)) from None
    if not (json_size.isascii() and json_size.isdecimal() and len(json_size) < 10 and int(json_size) <= len(body)):
        raise InvalidInput(f"{INFERENCE_CONTENT_LENGTH_HEADER}: expected the number of the body's bytes that are JSON")
    _check_entries(_json(body[: int(json_size)]))
    try:
        return InferRequest.from_bytes(body, int(json_size), name)
    except InvalidInput:
        raise
    except Exception:  # KServe takes for granted that all fields are there, and of their types
        raise InvalidInput("inputs: expected the tensors of the Open Inference Protocol, with their bytes") from None
