"""Answers that have not changed are not sent again."""

from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OK, NOT_MODIFIED = 200, 304


def tagged(app: ASGIApp) -> ASGIApp:
    """Gives the results that GET asks for a tag by their content, and sends only that to whoever has them already.

    Who keeps an answer must ask before each use: it may hold prompts, and the session may have ended.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not _is_result(scope):
            await app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        begun: list[Message] = []
        body = bytearray()

        async def send_tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                start, content = _as_tagged(begun[0], bytes(body), known)
                await send(start)
                await send({"type": "http.response.body", "body": content})

        await app(scope, receive, send_tagged)

    return answer


def _is_result(scope: Scope) -> bool:
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path.startswith(("/v1/", "/ui"))


def _as_tagged(start: Message, body: bytes, known: str) -> tuple[Message, bytes]:
    headers = MutableHeaders(scope=start)
    if start["status"] != OK or "cache-control" in headers:
        return start, body
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers["ETag"] = tag
    headers["Cache-Control"] = "private, no-cache"
    if tag not in [each.strip().removeprefix("W/") for each in known.split(",")]:
        return start, body
    for name in ("content-length", "content-type"):
        del headers[name]
    return {**start, "status": NOT_MODIFIED}, b""
