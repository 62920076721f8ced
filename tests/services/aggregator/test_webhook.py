"""How an event is signed and posted: to the configured address alone."""

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from results.storage.outbox import OutboxEvent
from seep.errors import Refused, Unavailable
from seep.settings import Webhook
from services.aggregator.webhook import signature, to_webhook
from tests.certificates import own_certificate, serving_context

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT = OutboxEvent(1, "0123", "nightly", '{"specversion": "1.0", "data": {"suite": "größe"}}', 0)


class Receiver(ThreadingHTTPServer):
    """A server on this machine that keeps what is posted to it."""

    def __init__(self) -> None:
        self.status, self.location = 204, ""
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


def webhook(server: Receiver, path: str = "/hooks/seep?team=safety", scheme: str = "http") -> Webhook:
    host = "127.0.0.1" if scheme == "http" else "localhost"
    return Webhook.model_validate({"url": f"{scheme}://{host}:{server.server_port}{path}", "secret": SECRET})


def test_a_signature_is_that_of_standard_webhooks() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_event_is_posted_with_what_a_receiver_needs_to_check_it(receiver: Receiver) -> None:
    to_webhook(webhook(receiver), clock=lambda: 1_700_000_000.9)(EVENT)
    [(path, headers, body)] = receiver.received
    assert (path, body.decode()) == ("/hooks/seep?team=safety", EVENT.body)
    assert headers["content-type"] == "application/cloudevents+json"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("0123", "1700000000")
    # As the guide has it.
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert hmac.compare_digest(headers["webhook-signature"], f"v1,{expected}")


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 408, 429, 500, 503])
def test_what_an_operator_can_mend_is_tried_again(receiver: Receiver, status: int) -> None:
    receiver.status = status
    with pytest.raises(Unavailable, match=rf"events\.webhook: 127\.0\.0\.1 answered {status}"):
        to_webhook(webhook(receiver))(EVENT)


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_what_is_said_to_be_the_events_fault_is_a_refusal(receiver: Receiver, status: int) -> None:
    receiver.status = status
    with pytest.raises(Refused, match=f"answered {status}"):
        to_webhook(webhook(receiver))(EVENT)


def test_no_redirect_is_followed_and_no_proxy_of_the_environment_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver() as elsewhere:
        threading.Thread(target=elsewhere.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{elsewhere.server_port}")
        receiver.status, receiver.location = 307, f"http://127.0.0.1:{elsewhere.server_port}/"
        with pytest.raises(Unavailable, match="redirects are not followed"):
            to_webhook(webhook(receiver))(EVENT)
        elsewhere.shutdown()
        assert (len(receiver.received), elsewhere.received) == (1, [])


def test_a_server_that_nobody_vouches_for_gets_nothing(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = own_certificate(tmp_path)
    receiver.socket = serving_context(certificate, key).wrap_socket(receiver.socket, server_side=True)
    post = to_webhook(webhook(receiver, scheme="https"))
    with pytest.raises(Unavailable, match="localhost: SSLCertVerificationError"):
        post(EVENT)
    assert receiver.received == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    post(EVENT)
    assert len(receiver.received) == 1


def test_nobody_there_is_said_without_the_path_of_the_address(receiver: Receiver) -> None:
    gone = webhook(receiver, "/a-token-in-the-path")
    receiver.shutdown()
    receiver.server_close()
    with pytest.raises(Unavailable, match=r"^events\.webhook: 127\.0\.0\.1: ConnectionRefusedError$"):
        to_webhook(gone)(EVENT)


def test_a_secret_in_a_file_is_read_at_each_attempt(receiver: Receiver, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    post = to_webhook(Webhook.model_validate({"url": f"http://127.0.0.1:{receiver.server_port}", "secret_file": file}))
    post(EVENT)
    file.write_text("whsec_" + base64.b64encode(b"x" * 32).decode())
    post(EVENT)
    file.write_text("password")
    with pytest.raises(Unavailable, match=r"secret_file: .*expected whsec_ and at least 24 random bytes in base64$"):
        post(EVENT)
    first, second = (headers["webhook-signature"] for _, headers, _ in receiver.received)
    assert first != second
