"""Posts events to the configured address and to no other, signed as Standard Webhooks has it."""

import base64
import hashlib
import hmac
import ssl
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from pydantic import HttpUrl

from results.storage.outbox import OutboxEvent
from seep.errors import InputError, Refused, Unavailable
from seep.settings import Webhook

CONTENT_TYPE = "application/cloudevents+json"
TIMEOUT_SECONDS = 10.0
# What says that the event itself is at fault; all else an operator can mend, here or there.
FAULTS_OF_THE_EVENT = frozenset({400, 413, 415, 422})


def signature(secret: bytes, event_id: str, timestamp: int, body: bytes) -> str:
    """What `webhook-signature` holds: HMAC-SHA256 of id, time and body, in base64."""
    signed = b".".join((event_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def headers(secret: bytes, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """What is sent beside the body; the time is of this attempt, in Unix seconds."""
    return {
        "content-type": CONTENT_TYPE,
        "user-agent": "seep",
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, event_id, timestamp, body),
    }


def to_webhook(webhook: Webhook, clock: Callable[[], float] = time.time) -> Callable[[OutboxEvent], None]:
    """Posts an event, and returns once it was taken (2xx).

    Raises Unavailable, or Refused where the event itself is said to be at fault. Redirects are not followed, no proxy
    of the environment is used, and certificates are verified. The secret is read at each attempt.
    """

    def post(event: OutboxEvent) -> None:
        body = event.body.encode()
        try:
            sent = headers(webhook.resolved_secret(), event.event_id, int(clock()), body)
        except InputError as error:
            raise Unavailable(str(error)) from error
        status = _status(webhook.url, body, sent)
        if status in FAULTS_OF_THE_EVENT:
            raise Refused(f"events.webhook: {webhook.url.host} answered {status}")
        if not 200 <= status < 300:
            redirect = "; redirects are not followed" if 300 <= status < 400 else ""
            raise Unavailable(f"events.webhook: {webhook.url.host} answered {status}{redirect}")

    return post


def _status(url: HttpUrl, body: bytes, sent: dict[str, str]) -> int:
    connection = _connection(url)
    try:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("POST", path, body, sent)
        return connection.getresponse().status
    except (OSError, HTTPException) as error:
        # Its address alone: a path may hold what its owner keeps to himself.
        raise Unavailable(f"events.webhook: {url.host}: {type(error).__name__}") from error
    finally:
        connection.close()


def _connection(url: HttpUrl) -> HTTPConnection:
    host = (url.host or "").strip("[]")
    if url.scheme == "http":
        return HTTPConnection(host, url.port, timeout=TIMEOUT_SECONDS)
    return HTTPSConnection(host, url.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
