"""What a server says of a refusal is read from whatever it sends."""

import gzip
import json

import pytest

from services.generator.masking import Hidden
from services.generator.refusals import Refusal, describe, read_refusal

PARAMETER = "Unsupported parameter: 'seed'."
OPENAI = {"message": PARAMETER, "type": "invalid_request_error", "param": "seed", "code": "unsupported_parameter"}
FASTAPI = {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted", "input": 1}
OPENROUTER = {"message": "Provider returned error", "code": 400, "metadata": {"raw": json.dumps({"error": OPENAI})}}


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"error": OPENAI}, Refusal(PARAMETER, "unsupported_parameter", "seed")),
        ([{"error": OPENAI}], Refusal(PARAMETER, "unsupported_parameter", "seed")),
        (
            {"object": "error", "message": "no", "type": "BadRequestError", "param": None, "code": 400},
            Refusal("no", "400"),
        ),
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            Refusal("Overloaded", "overloaded_error"),
        ),
        ({"statusCode": 401, "message": "Access denied"}, Refusal("Access denied")),
        ({"error": "a text"}, Refusal("a text")),
        ({"error": {"error": {"error": OPENAI}}}, Refusal(PARAMETER, "unsupported_parameter", "seed")),
        ({"error": json.dumps({"error": OPENAI})}, Refusal(PARAMETER, "unsupported_parameter", "seed")),
        ({"detail": "Not Found"}, Refusal("Not Found")),
        ({"detail": [FASTAPI]}, Refusal("Extra inputs are not permitted", "extra_forbidden", "seed")),
        ({"error": OPENROUTER}, Refusal(f"Provider returned error: {PARAMETER}", "unsupported_parameter", "seed")),
        ({"errors": ["first", "second"]}, Refusal("first")),
        ("a text", Refusal("a text")),
        ({"error": None}, Refusal()),
        ({}, Refusal()),
        ([], Refusal()),
        (7, Refusal()),
        (None, Refusal()),
    ],
)
def test_every_usual_shape_is_read(body: object, refusal: Refusal) -> None:
    assert read_refusal(json.dumps(body).encode()) == refusal


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", ""),
        (b"no such route\n", "no such route"),
        (b"<html><head><title>404 Not&nbsp;Found</title></head><body>nginx</body></html>", "404 Not\xa0Found"),
        (b"<h1>Bad Gateway</h1>", "Bad Gateway"),
        ("f\u00fcr Sie gesperrt".encode("latin-1"), "f\ufffdr Sie gesperrt"),
        (gzip.compress(b'{"error": "packed, though nobody asked for it"}', mtime=0), ""),
        (b'{"error": {"message": "cut of', '{"error": {"message": "cut of'),
    ],
)
def test_what_is_no_json_is_read_as_text(body: bytes, message: str) -> None:
    assert read_refusal(body).message.strip() == message


@pytest.mark.parametrize(
    "body",
    [
        b"x" * 1_000_000,
        json.dumps({"error": {"message": "y" * 1_000_000}}).encode(),
        b"[" * 200_000,
        b'{"error":' * 20_000 + b"1" + b"}" * 20_000,
        b"<" * 1_000_000,
        json.dumps({"errors": [{"detail": [[] for _ in range(50)]} for _ in range(500)]}).encode(),
    ],
)
def test_a_large_or_deep_body_is_one_short_line(body: bytes) -> None:
    assert len(describe(400, read_refusal(body), Hidden())) < 300


def test_status_code_and_parameter_stand_before_the_words() -> None:
    named = Refusal(PARAMETER, "unsupported_parameter", "seed")
    assert describe(400, named, Hidden()) == f"HTTP 400 (unsupported_parameter, param seed): {PARAMETER}"
    assert describe(401, Refusal("no", "401"), Hidden()) == "HTTP 401: no"
    assert describe(502, Refusal(), Hidden()) == "HTTP 502"
    assert describe(404, Refusal("404 Not Found"), Hidden()) == "HTTP 404: Not Found"


def test_a_redirect_is_said_to_be_one_without_its_goal() -> None:
    said = describe(301, Refusal("Moved to http://169.254.169.254/"), Hidden())
    assert said.startswith("HTTP 301: it redirects, which is not followed")
    assert "169" not in said


def test_a_code_that_is_no_name_or_says_what_is_hidden_is_left_out() -> None:
    hidden = Hidden(texts=("It is yellow",), words=("yellow",))
    for code in ("two words", "x" * 100, "yellow", "is_yellow", "a\nb"):
        assert describe(400, Refusal("no", code, code), hidden) == "HTTP 400: no"


@pytest.mark.parametrize(
    ("refusal", "named"),
    [
        (Refusal("System role not supported"), True),
        (Refusal("no", param="messages[0].role"), True),
        (Refusal("unknown parameter", param="seed"), False),
        (Refusal("the controller is gone"), False),
    ],
)
def test_a_refused_role_is_known_by_its_words(refusal: Refusal, named: bool) -> None:
    assert refusal.names_the_system_role == named
