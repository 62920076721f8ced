"""The guide's five lines tell Seep's webhooks from others."""

import base64
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from services.aggregator.webhook import headers

GUIDE = Path(__file__).parents[2] / "docs/guides/events.md"
KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = '{"größe": 1}'.encode()


@pytest.fixture(scope="module")
def is_from_seep() -> Callable[[str, Mapping[str, str], bytes], bool]:
    """As the guide has it."""
    [code] = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    found: Callable[[str, Mapping[str, str], bytes], bool] = names["is_from_seep"]
    return found


def test_the_guides_check_takes_what_is_sent_and_nothing_else(
    is_from_seep: Callable[[str, Mapping[str, str], bytes], bool],
) -> None:
    sent = headers(KEY, "id", int(time.time()), BODY)
    assert is_from_seep(SECRET, sent, BODY)
    assert not is_from_seep(SECRET, sent, BODY + b" ")
    assert not is_from_seep(SECRET, {**sent, "webhook-id": "other"}, BODY)
    assert not is_from_seep("whsec_" + base64.b64encode(b"x" * 32).decode(), sent, BODY)
    assert not is_from_seep(SECRET, headers(KEY, "id", int(time.time()) - 3600, BODY), BODY)
