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
from seep.settings.headers import VALUE, Secret
from seep.settings.secrets import read_secret, read_text
from services.generator.circuit_breaker import RequestFailed
from services.generator.masking import Hidden, masked

# An empty key would be sent as none.
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
        """Raises InputError, naming `setting`, for a secret that cannot be sent; who answers shows later."""
        # At its usual level the client would log a line for every request.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._engine = engine
        self._setting = setting
        self._base_url = str(engine.base_url).rstrip("/")
        self._query = dict(engine.query)
        self._timeout_seconds = engine.timeout_seconds
        self._max_response_bytes = engine.max_response_bytes
        self._client = httpx.AsyncClient(
            # A packed answer could hold any size.
            headers={"Accept-Encoding": "identity", **engine.headers},
            # A server that cannot be reached must show as one before the time for an answer is up.
            timeout=httpx.Timeout(engine.timeout_seconds, connect=engine.timeout_seconds / 2),
            follow_redirects=False,
            # No proxy and no password file that the configuration does not name.
            trust_env=False,
            proxy=_proxy(engine, setting),
            verify=_authority(engine, setting),
            limits=httpx.Limits(max_connections=None),
        )
        self.read_secrets()

    def read_secrets(self) -> None:
        """Reads keys and secret headers again, which may have been rotated; raises InputError where one is gone."""
        secrets = _secret_headers(self._engine, self._setting)
        self._client.headers.update(secrets)
        # What a server may quote, and nobody may read.
        self.secrets = tuple(value.removeprefix("Bearer ") for value in secrets.values())

    async def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, longest_bytes: int | None = None
    ) -> Reply:
        """One request, in the time and of the size that the configuration allows, and no reply of more than
        `longest_bytes`; raises RequestFailed."""
        url = f"{self._base_url}/{path}"
        longest = self._max_response_bytes if longest_bytes is None else min(longest_bytes, self._max_response_bytes)
        try:
            # The client's own timeout is for each piece of an answer, and a slow server sends many.
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._client.stream(method, url, params=self._query or None, json=body) as response,
            ):
                content = bytearray()
                async for piece in response.aiter_raw():
                    content += piece
                    if len(content) > longest:
                        raise self.failure(path, "too large an answer", f"more than {longest} bytes")
                return Reply(response.status_code, bytes(content), response.headers.get("Retry-After"))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            kind = f"no connection ({type(error).__name__})"
            # A certificate is the same a second later.
            retryable = not isinstance(_cause(error), ssl.SSLError)
            raise self.failure(path, kind, _words(error), attributable=False, retryable=retryable) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            mends = "the engine's timeout_seconds gives it longer, its max_concurrency fewer requests at once"
            raise self.failure(path, "no answer in time", f"{self._timeout_seconds:g} s; {mends}") from error
        except httpx.RequestError as error:
            raise self.failure(path, f"no whole answer ({type(error).__name__})", _words(error)) from error

    def failure(self, path: str, kind: str, detail: str = "", **how: Any) -> RequestFailed:
        """What to raise of a request to this path: with the engine and the URL, but for its query."""
        reason = f"{self._setting}, {self._base_url}/{path}: {kind}{': ' if detail else ''}{detail}"
        return RequestFailed(reason, kind=kind, **how)


def _cause(error: BaseException) -> OSError | None:
    """What the system or TLS said: the client's own words may be that all attempts failed."""
    cause: BaseException | None = error
    while cause is not None and not (isinstance(cause, OSError) and cause.strerror):
        cause = cause.__cause__ or cause.__context__
    return cause if isinstance(cause, OSError) else None


def _words(error: BaseException) -> str:
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        mend = "the authority that signed it is named by SSL_CERT_FILE, or by ca_file of an engine in seep.yaml"
        return f"the server's certificate is not trusted: {cause.verify_message}; {mend}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {cause.reason}"
    if cause is None:
        # A proxy's status and its words.
        return masked(str(error), Hidden()) if isinstance(error, httpx.ProxyError) else ""
    # The event loop puts words of its own, with the address, in the place of the system's.
    return os.strerror(cause.errno) if cause.errno and cause.errno > 0 else str(cause.strerror)


def _authority(engine: OpenAiEngine, setting: str) -> ssl.SSLContext:
    named = os.environ.get("SSL_CERT_FILE")
    if engine.ca_file is None and named and not Path(named).is_file():
        # OpenSSL passes over it without a word, and then trusts nobody.
        raise InputError(f"SSL_CERT_FILE: {named} is no file; expected certificates in PEM")
    if engine.ca_file is None and engine.base_url.scheme == "http":
        # Trusts nobody, as nobody needs to be: to read what the system trusts takes longer than all else here.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return ssl.create_default_context(cafile=engine.ca_file)
    except OSError as error:  # that there are no certificates in it is one too
        reason = "expected certificates in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise InputError(f"{setting}.ca_file: {engine.ca_file} cannot be used: {reason}") from error


def _secret_headers(engine: OpenAiEngine, setting: str) -> dict[str, str]:
    """Headers whose values nobody is to see: the key's, and those of the configuration."""
    headers = {
        name: _secret(where, f"{setting}.secret_headers.{name}.")[1] for name, where in engine.secret_headers.items()
    }
    if engine.api_key_file is not None or engine.api_key_env is not None:
        place, key = _secret(Secret(file=engine.api_key_file, env=engine.api_key_env), f"{setting}.api_key_")
        if not re.fullmatch(KEY, key):
            raise InputError(f"{place}: expected one word of visible ASCII characters")
        bearer = engine.api_key_header.lower() == "authorization"
        headers[engine.api_key_header] = f"Bearer {key}" if bearer else key
    return headers


def _secret(where: Secret, prefix: str) -> tuple[str, str]:
    """The place of a secret, for errors, and what is there without the blanks around it."""
    if where.file is not None:
        place, found = f"{prefix}file: {where.file}", read_secret(where.file, f"{prefix}file")
    else:
        place, variable = f"{prefix}env: {where.env}", os.environ.get(where.env or "")
        if variable is None:
            raise InputError(f"{prefix}env: there is no environment variable {where.env!r}")
        found = variable
    if not VALUE.fullmatch(found.strip()):
        raise InputError(f"{place}: expected one line of visible ASCII characters")
    return place, found.strip()


def _proxy(engine: OpenAiEngine, setting: str) -> httpx.Proxy | None:
    if engine.proxy is None:
        return None
    if engine.proxy_credentials_file is None:
        return httpx.Proxy(engine.proxy)
    field, file = f"{setting}.proxy_credentials_file", engine.proxy_credentials_file
    user, colon, password = read_text(file, field).rstrip("\r\n").partition(":")
    if not (user and colon) or "\n" in password:
        raise InputError(f"{field}: {file}: expected one line, user:password")
    return httpx.Proxy(engine.proxy, auth=(user, password))
