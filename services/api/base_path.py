"""Under which path, host and scheme a person reaches the API: as configured, or as a trusted proxy says."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from seep.settings.sections import ROOT_PATH

Networks = Sequence[IPv4Network | IPv6Network]


def under_base_path(app: ASGIApp, root_path: str, trusted: Networks) -> ASGIApp:
    """Has the application see its own paths, whether or not a proxy has stripped the one it serves it under.

    Of the headers that proxies send, those of trusted ones alone are heeded, and no other reaches the application.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = _as_seen_outside(scope, root_path, trusted)
        await app(scope, receive, send)

    return answer


def is_trusted(scope: Scope, trusted: Networks) -> bool:
    """Whether the request comes from one of these networks."""
    client = scope.get("client")
    if not client or not trusted:
        return False
    try:
        address = ip_address(client[0])
    except ValueError:
        return False
    return any(address in network for network in trusted)


def _as_seen_outside(scope: Scope, root_path: str, trusted: Networks) -> Scope:
    scope = dict(scope)
    headers = Headers(scope=scope)
    if is_trusted(scope, trusted):
        forwarded = headers.get("x-forwarded-prefix", "").rstrip("/")
        root_path = forwarded if forwarded and re.fullmatch(ROOT_PATH, forwarded) else root_path
        if (scheme := headers.get("x-forwarded-proto")) in ("http", "https"):
            scope["scheme"] = scheme
        if host := headers.get("x-forwarded-host"):
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"host"]
            MutableHeaders(scope=scope)["host"] = host
    path = scope["path"]
    if root_path and (path == root_path or path.startswith(f"{root_path}/")):
        path = path.removeprefix(root_path)
    # As ASGI wants it: the path holds the root path, whatever the proxy has taken off.
    scope["root_path"], scope["path"] = root_path, root_path + (path or "/")
    return scope
