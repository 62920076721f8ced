"""The HTTP application, put together from one router per resource."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import current_default_thread_limiter, run_sync
from fastapi import Depends, FastAPI, HTTPException, Request, Response, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from results.storage.database import Database
from results.storage.runs import newest
from seep.errors import InputError, Unavailable
from seep.settings import Settings
from services.api import comparing, comparisons, many, monitors, runs, series, verdicts
from services.api.access import is_loopback, local_names_only, token_required
from services.api.base_path import under_base_path
from services.api.entity_tags import tagged
from services.api.parameters import PROBLEMS, UNAUTHORIZED, no_unheeded_parameters
from services.api.readiness import Readiness
from services.api.refusals import NO_SUCH_ADDRESS, unprocessable
from services.api.request_metrics import measured
from services.api.ui.application import add_pages, is_page, problem, to_the_pages
from services.api.ui.login import ask_to_log_in
from services.api.ui.session import NotLoggedIn

log = logging.getLogger(__name__)

ROUTERS = (
    *(runs.router, comparisons.router, many.router, comparing.router),
    *(series.router, monitors.router, verdicts.router),
)
LARGEST_BODY = 64 * 1024
# Each request that is worked on has a thread and a connection to the database.
MAX_REQUESTS_AT_ONCE = 8
# Far fewer than the connections that the server takes, so that some are left for health and for refusals.
MAX_REQUESTS_WAITING = 64
# One thread that asks the database for readiness, and one for whoever gets its last finding meanwhile.
READINESS_AT_ONCE = 2


def application(database: Database, settings: Settings) -> FastAPI:
    """The API over a database; all of it but health and readiness wants the token where one is configured.

    Raises InputError for a token file that cannot be used.
    """
    app = FastAPI(
        title="Seep", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, lifespan=_lifespan
    )
    answer_from(app, database, settings)
    _wrap(app, settings)
    _answer_refusals(app)
    of_every_route = [Depends(_few_enough_wait), Depends(no_unheeded_parameters)]
    token = app.state.token
    guards = [*([Depends(token_required(token))] if token else []), *of_every_route]
    responses = PROBLEMS | (UNAUTHORIZED if token else {})
    # Each by itself: a router around them would make all of their routes once more, for a good part of the start.
    for router in ROUTERS:
        app.include_router(router, prefix="/v1", dependencies=guards, responses=responses)
    app.add_api_route("/v1/openapi.json", lambda: app.openapi(), dependencies=guards, include_in_schema=False)
    add_pages(app, of_every_route)
    app.add_api_route("/", to_the_pages, include_in_schema=False)
    app.add_api_route("/healthz", _healthy, response_class=PlainTextResponse, include_in_schema=False)
    app.add_api_route("/readyz", _ready, response_class=PlainTextResponse, include_in_schema=False)
    return app


def answer_from(app: FastAPI, database: Database, settings: Settings) -> None:
    """From now on the application answers from this database, and remembers nothing of another; its routes stay.

    Raises InputError for a token file that cannot be used.
    """
    state = app.state
    state.database, state.settings, state.ready = database, settings, Readiness(lambda: _read(database))
    state.recent = comparing.Recent()
    state.readiness_threads = CapacityLimiter(READINESS_AT_ONCE)
    state.token = settings.api.resolved_token()


def _answer_refusals(app: FastAPI) -> None:
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _unprocessable)
    app.add_exception_handler(InputError, _bad_request)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(NotLoggedIn, ask_to_log_in)


def _wrap(app: FastAPI, settings: Settings) -> None:
    """Puts around the routes what every request passes through, from the inside out."""
    app.add_middleware(measured)  # the innermost: the router leaves the route in the scope that it is given
    app.add_middleware(tagged)
    app.add_middleware(under_base_path, settings.api.root_path, settings.api.trusted_proxies)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_BODY)
    if app.state.token is None and is_loopback(settings.api.host):
        app.add_middleware(local_names_only)
    app.add_middleware(_with_headers)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.threads = current_default_thread_limiter()
    app.state.threads.total_tokens = MAX_REQUESTS_AT_ONCE
    yield
    app.state.database.close()


def _with_headers(app: ASGIApp) -> ASGIApp:
    """Answers without a tag are kept nowhere on their way; all are taken for nothing but what they say they are."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                headers.setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        await app(scope, receive, send_with_headers)

    return answer


async def _few_enough_wait() -> None:
    if current_default_thread_limiter().statistics().tasks_waiting >= MAX_REQUESTS_WAITING:
        detail, later = "too many requests wait for the database now", {"Retry-After": "5"}
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, detail, headers=later)


def _read(database: Database) -> None:
    with database.snapshot() as connection:
        newest(connection, limit=1, stalled_after_seconds=0)


async def _healthy() -> str:
    return "ok\n"


async def _ready(request: Request, response: Response) -> str:
    state = request.app.state
    if await run_sync(state.ready, limiter=state.readiness_threads):
        return "ok\n"
    response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return "no\n"


def _problem(request: Request, code: int, detail: str, **headers: str) -> Response:
    found = problem(request, code, detail) if is_page(request) else JSONResponse({"detail": detail}, code)
    found.headers.update(headers)
    return found


async def _refused(request: Request, error: Any) -> Response:
    detail = NO_SUCH_ADDRESS if error.detail == "Not Found" else str(error.detail)
    return _problem(request, error.status_code, detail, **(error.headers or {}))


async def _unprocessable(request: Request, error: Any) -> Response:
    return _problem(request, status.HTTP_422_UNPROCESSABLE_CONTENT, unprocessable(error.errors()))


async def _bad_request(request: Request, error: Exception) -> Response:
    return _problem(request, status.HTTP_400_BAD_REQUEST, str(error))


async def _unavailable(request: Request, error: Exception) -> Response:
    # What the database says of itself is for who runs it, not for who asks.
    log.warning("%s", error)
    later = {"Retry-After": "5"}
    return _problem(request, status.HTTP_503_SERVICE_UNAVAILABLE, "the database does not answer now", **later)
