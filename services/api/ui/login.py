"""Logging in by a form: a browser cannot send a bearer token with its first request."""

import hmac
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, status
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.api.ui.rendering import page, query
from services.api.ui.session import close_session, is_own_form, open_session

router = APIRouter()

Next = Annotated[str, Query(max_length=2000)]


@router.get("/login")
async def form(request: Request, next: Next = "") -> HTMLResponse:
    """The form."""
    return page(request, "login.html", next=next, refused="")


@router.post("/login")
async def log_in(request: Request, next: Next = "") -> Response:
    """Opens a session for whoever gives the token, and leads to the page that was asked for."""
    given = parse_qs((await request.body()).decode("utf-8", "replace")).get("token", [""])[0].strip()
    expected = request.app.state.token
    if not is_own_form(request):
        refused = "The form came from another site; this one has to be used."
        return page(request, "login.html", status.HTTP_403_FORBIDDEN, next=next, refused=refused)
    if expected is not None and not hmac.compare_digest(given.encode(), expected.encode()):
        refused = "That is not the API's token."
        return page(request, "login.html", status.HTTP_401_UNAUTHORIZED, next=next, refused=refused)
    answer = RedirectResponse(_local(request, next), status.HTTP_303_SEE_OTHER)
    if expected is not None:
        open_session(request, answer, expected)
    return answer


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """Ends the session in this browser."""
    answer = RedirectResponse(f"{request.scope['root_path']}/ui/login", status.HTTP_303_SEE_OTHER)
    if is_own_form(request):
        close_session(request, answer)
    return answer


async def ask_to_log_in(request: Request, _: Exception) -> Response:
    """Leads to the form.

    A link from another site comes without the cookie, which is strict. So the page is asked for once more by itself.
    """
    if request.headers.get("sec-fetch-site") == "cross-site" and request.headers.get("sec-fetch-mode") == "navigate":
        return page(request, "reload.html")
    root = request.scope["root_path"]
    path = request.url.path.removeprefix(f"{root}/ui")
    wanted = path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"{root}/ui/login{query(next=wanted)}", status.HTTP_303_SEE_OTHER)


def _local(request: Request, path: str) -> str:
    """The page as an address on this host, whatever the link to the form said."""
    is_path = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return f"{request.scope['root_path']}/ui{path if is_path else ''}"
