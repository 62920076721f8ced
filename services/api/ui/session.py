"""Who may see the pages: whoever has given the token to the form, or a proxy that has let them in."""

import hashlib
import hmac
import time
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from seep.settings import Settings
from services.api.access import is_local
from services.api.base_path import is_trusted

COOKIE = "seep-session"
SECONDS = 12 * 3600


class NotLoggedIn(Exception):
    """The page needs a log-in first."""


def new_session(token: str, now: float) -> str:
    """A cookie's value that says until when it holds, under the token's seal: no process has to remember it."""
    until = str(int(now) + SECONDS)
    return f"{until}.{_seal(token, until)}"


def is_session(cookie: str, token: str, now: float) -> bool:
    """Whether a cookie was sealed with this token, and still holds."""
    until, _, seal = cookie.partition(".")
    sound = hmac.compare_digest(seal.encode(), _seal(token, until).encode())
    return sound and until.isdigit() and now < int(until)


async def logged_in(request: Request) -> None:
    """A dependency that raises NotLoggedIn for whoever has neither the token nor a session of it."""
    token = request.app.state.token
    if token is None or is_session(request.cookies.get(COOKIE, ""), token, time.time()):
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode()):
        return
    settings: Settings = request.app.state.settings
    header = settings.api.user_header
    if header and is_trusted(request.scope, settings.api.trusted_proxies) and request.headers.get(header):
        return
    raise NotLoggedIn


def open_session(request: Request, response: Response, token: str) -> None:
    """Gives the browser its session; over plain HTTP to this machine alone."""
    response.set_cookie(
        COOKIE,
        new_session(token, time.time()),
        max_age=SECONDS,
        path=f"{request.scope['root_path']}/ui",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https" or not is_local(request.headers.get("host", "")),
    )


def close_session(request: Request, response: Response) -> None:
    """Has the browser forget its session."""
    response.delete_cookie(COOKIE, path=f"{request.scope['root_path']}/ui")


def is_own_form(request: Request) -> bool:
    """Whether a form was sent from a page of this host, as far as the browser says."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    return urlsplit(origin).netloc == request.headers.get("host")


def _seal(token: str, until: str) -> str:
    return hmac.new(token.encode(), f"seep session until {until}".encode(), hashlib.sha256).hexdigest()
