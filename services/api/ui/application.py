"""The pages, put together from one router per page."""

from collections.abc import Sequence

from fastapi import Depends, FastAPI, HTTPException, Request, params, status
from fastapi.responses import RedirectResponse, Response

from services.api.ui import compare, languages, login, models, monitor, overview, run, runs, samples, suites, troubles
from services.api.ui.rendering import HEADERS, STATIC, asset, page
from services.api.ui.session import logged_in

PAGES = (overview, runs, run, samples, monitor, compare, models, languages, suites, troubles)
TYPES = {"css": "text/css", "js": "text/javascript"}
TITLES = {
    status.HTTP_400_BAD_REQUEST: "Not possible",
    status.HTTP_404_NOT_FOUND: "Not found",
    status.HTTP_422_UNPROCESSABLE_CONTENT: "Not understood",
    status.HTTP_503_SERVICE_UNAVAILABLE: "Not available now",
}


def add_pages(app: FastAPI, dependencies: Sequence[params.Depends]) -> None:
    """Adds all pages under /ui; all but the log-in form and the static files want a session, then these dependencies.

    Each is added to the application itself: each router on its way would make all of its routes again.
    """
    app.include_router(login.router, prefix="/ui", include_in_schema=False)
    app.add_api_route("/ui/static/{name}", static, include_in_schema=False)
    guards = [Depends(logged_in), *dependencies]
    app.add_api_route("/ui", overview.overview, dependencies=guards, include_in_schema=False)
    for each in PAGES:
        app.include_router(each.router, prefix="/ui", dependencies=guards, include_in_schema=False)


async def static(name: str) -> Response:
    """A static file; its address changes with its content."""
    if name not in STATIC:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "there is no such file")
    headers = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
    return Response(asset(name), media_type=TYPES[name.rpartition(".")[2]], headers=headers)


async def to_the_pages(request: Request) -> Response:
    """Whoever comes to the root means the pages."""
    return RedirectResponse(f"{request.scope['root_path']}/ui", status.HTTP_307_TEMPORARY_REDIRECT)


def is_page(request: Request) -> bool:
    """Whether somebody looks at pages, and wants to read what is wrong as one."""
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    return path == "/ui" or path.startswith("/ui/")


def problem(request: Request, code: int, detail: str) -> Response:
    """What is wrong, as a page."""
    return page(request, "message.html", code, title=TITLES.get(code, "Something is wrong"), detail=detail)
