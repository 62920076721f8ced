"""The Open Inference Protocol over gRPC, with the same limits as over HTTP."""

import logging
from typing import Any, NoReturn

from grpc import StatusCode  # type: ignore[import-untyped]
from grpc.aio import Server, server  # type: ignore[import-untyped]
from kserve.errors import InferenceError, InvalidInput, ModelNotFound, ModelNotReady
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import add_GRPCInferenceServiceServicer_to_server
from kserve.protocol.grpc.interceptors import ExceptionToStatusInterceptor
from kserve.protocol.grpc.servicer import InferenceServicer

from seep.errors import InputError
from seep.runtime.worker import description
from services.scorer.kserve_http import Plane
from services.scorer.kserve_model import LARGEST_BODY

log = logging.getLogger(__name__)

MAX_REQUESTS_AT_ONCE = 32
# The library closes those beyond at once; silent ones make room after their handshake's time.
CONNECTIONS = 512
CONNECTIONS_OPTION = "grpc.max_allowed_incoming_connections"
OPTIONS = (
    (CONNECTIONS_OPTION, CONNECTIONS),
    ("grpc.max_receive_message_length", LARGEST_BODY),
    ("grpc.max_concurrent_streams", MAX_REQUESTS_AT_ONCE),
    # Of a connection that says nothing, at its beginning and later.
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_idle_ms", 60_000),
    # A port that is taken is an error, not shared.
    ("grpc.so_reuseport", 0),
)
STATUSES: dict[type[Exception], StatusCode] = {
    InvalidInput: StatusCode.INVALID_ARGUMENT,
    InferenceError: StatusCode.INTERNAL,
    ModelNotFound: StatusCode.NOT_FOUND,
    ModelNotReady: StatusCode.UNAVAILABLE,
    NotImplementedError: StatusCode.UNIMPLEMENTED,
}


class _Service(InferenceServicer):  # type: ignore[misc]  # kserve has no types
    async def RepositoryModelLoad(self, request: Any, context: Any) -> NoReturn:  # noqa: N802
        raise NotImplementedError("models are not loaded through this port")

    async def RepositoryModelUnload(self, request: Any, context: Any) -> NoReturn:  # noqa: N802
        raise NotImplementedError("models are not unloaded through this port")


class _Statuses(ExceptionToStatusInterceptor):  # type: ignore[misc]
    async def handle_exception(self, ex: Exception, request_or_iterator: Any, context: Any, method_name: str) -> None:
        """A line for who asked; the log hears only of what is no request's fault."""
        status = next((code for kind, code in STATUSES.items() if isinstance(ex, kind)), None)
        if status is None:
            log.error("a request failed: %s", description(ex))
            await context.abort(StatusCode.INTERNAL, "internal error")
        await context.abort(status, str(ex))


def grpc_server(plane: Plane, host: str, port: int) -> Server:
    """A server that is bound and not started; raises InputError if the port is taken."""
    made = server(interceptors=(_Statuses(),), options=OPTIONS, maximum_concurrent_rpcs=MAX_REQUESTS_AT_ONCE)
    add_GRPCInferenceServiceServicer_to_server(_Service(plane, None), made)
    try:
        made.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    except RuntimeError as error:
        raise InputError(f"predictor.grpc_port: cannot listen on {host}:{port}") from error
    return made
