"""Who may ask: whoever has the bearer token; without one, whoever reaches the address by a name that is its own."""

from collections.abc import Awaitable, Callable
from hmac import compare_digest
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import HTTPException, Security, status
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

BEARER = HTTPBearer(auto_error=False, description="The token of the configuration's api section.")


def token_required(token: str) -> Callable[[HTTPAuthorizationCredentials | None], Awaitable[None]]:
    """A dependency that answers 401 to any other token, and takes equally long whatever is right about it."""
    expected = token.encode()

    # Not in a thread: there it would wait behind the requests that wait for the database.
    async def check(given: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]) -> None:
        if given is None or not compare_digest(given.credentials.encode(), expected):
            challenge = {"WWW-Authenticate": "Bearer"}
            raise HTTPException(status.HTTP_401_UNAUTHORIZED, "expected the API's bearer token", headers=challenge)

    return check


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address; a name other than localhost may be anybody's."""
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def local_names_only(app: ASGIApp) -> ASGIApp:
    """Answers 421 to requests for another host than localhost or an IP address.

    A page of a stranger's, open in a browser on this machine, can have its own name lead to 127.0.0.1, and then read
    what is there. The name stays in the Host header.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_local(Headers(scope=scope).get("host", "")):
            detail = "Host: expected localhost or an IP address; under other names the API needs api.token"
            refusal = JSONResponse({"detail": detail}, status.HTTP_421_MISDIRECTED_REQUEST)
            await refusal(scope, receive, send)
        else:
            await app(scope, receive, send)

    return answer


def is_local(header: str) -> bool:
    """Whether a Host header names this machine or an address, and no name that may be anybody's."""
    try:
        host = urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return False
    return host == "localhost" or _address(host) is not None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
