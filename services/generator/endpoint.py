"""The edge to an endpoint: the one file that imports its HTTP client."""

import asyncio
import logging
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from seep.errors import InputError
from seep.settings import OpenAiEngine
from services.generator.circuit_breaker import RequestFailed

# What can stand in a header; an empty key would be sent as none.
KEY = r"[!-~]+"


@dataclass(frozen=True)
class Reply:
    """What the server has answered, whole."""

    status: int
    content: bytes
    retry_after: str | None


class Endpoint:
    """One base URL; every connection goes there, or to the configured proxy."""

    def __init__(self, engine: OpenAiEngine, setting: str) -> None:
        """Raises InputError, naming `setting`, for a key that cannot be sent; whether anybody answers shows later."""
        # At its usual level the client would log a line for every request.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        key = _api_key(engine, setting)
        self._base_url = str(engine.base_url).rstrip("/")
        self._timeout_seconds = engine.timeout_seconds
        self._max_response_bytes = engine.max_response_bytes
        self._client = httpx.AsyncClient(
            # A packed answer could hold any size.
            headers={"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {key}"} if key else {}),
            # A server that cannot be reached must show as one before the time for an answer is up.
            timeout=httpx.Timeout(engine.timeout_seconds, connect=engine.timeout_seconds / 2),
            follow_redirects=False,
            # No proxy and no password file that the configuration does not name.
            trust_env=False,
            proxy=_proxy(engine, setting),
            verify=ssl.create_default_context(),
            limits=httpx.Limits(max_connections=None),
        )

    async def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        """One request, in the time and of the size that the configuration allows; raises RequestFailed."""
        try:
            # The client's own timeout is for each piece of an answer, and a slow server sends many.
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._client.stream(method, f"{self._base_url}/{path}", json=body) as response,
            ):
                content = bytearray()
                async for piece in response.aiter_raw():
                    content += piece
                    if len(content) > self._max_response_bytes:
                        raise RequestFailed("too large an answer")
                return Reply(response.status_code, bytes(content), response.headers.get("Retry-After"))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise RequestFailed(f"no connection ({type(error).__name__})", attributable=False) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise RequestFailed("no answer in time") from error
        except httpx.RequestError as error:
            raise RequestFailed(f"no whole answer ({type(error).__name__})") from error


def _api_key(engine: OpenAiEngine, setting: str) -> str | None:
    if engine.api_key_env is not None:
        place, key = f"{setting}.api_key_env: {engine.api_key_env}", os.environ.get(engine.api_key_env)
        if key is None:
            raise InputError(f"{setting}.api_key_env: there is no environment variable {engine.api_key_env!r}")
    elif engine.api_key_file is not None:
        place = f"{setting}.api_key_file: {engine.api_key_file}"
        key = _content(engine.api_key_file, place)
    else:
        return None
    if not re.fullmatch(KEY, key.strip()):
        raise InputError(f"{place}: expected one word of visible ASCII characters")
    return key.strip()


def _proxy(engine: OpenAiEngine, setting: str) -> httpx.Proxy | None:
    if engine.proxy is None:
        return None
    if engine.proxy_credentials_file is None:
        return httpx.Proxy(engine.proxy)
    place = f"{setting}.proxy_credentials_file: {engine.proxy_credentials_file}"
    user, colon, password = _content(engine.proxy_credentials_file, place).rstrip("\r\n").partition(":")
    if not (user and colon) or "\n" in password:
        raise InputError(f"{place}: expected one line, user:password")
    return httpx.Proxy(engine.proxy, auth=(user, password))


def _content(file: Path, place: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{place} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{place}: expected UTF-8") from error
