"""The section `events` of seep.yaml: off by default, and one line for what is wrong with it."""

from pathlib import Path

import pytest

from seep.errors import InputError
from seep.settings import Settings, Webhook, load_settings
from seep.settings.exposure import exposures

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def section(folder: Path, text: str) -> Settings:
    file = folder / "seep.yaml"
    file.write_text(f"events: {{{text}}}", encoding="utf-8")
    return load_settings(file)


def test_nobody_is_told_by_default() -> None:
    assert Settings().events.destinations == ()


def test_both_ways_may_be_taken(tmp_path: Path) -> None:
    both = section(tmp_path, f"topic: true, webhook: {{url: 'https://h/x', secret: {SECRET}}}").events
    assert both.destinations == ("topic", "webhook")
    assert SECRET not in repr(both)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("webhook: {secret: x}", r"events\.webhook\.url: "),
        ("webhook: {url: ftp://h/x, secret: x}", r"events\.webhook\.url: .*URL"),
        ("webhook: {url: 'https://u:p@h/x', secret: x}", r"events\.webhook\.url: .*without user, password"),
        ("webhook: {url: 'https://h/x'}", r"events\.webhook: expected secret_file or secret"),
        (
            "webhook: {url: 'https://h/x', secret: x, secret_file: y}",
            r"events\.webhook: expected secret_file or secret",
        ),
        ("pages_url: 'https://h/x?y=1'", r"events\.pages_url: expected a URL without query"),
        ("source: two words", r"events\.source: "),
        ("topics: true", r"events\.topics: "),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=rf"seep\.yaml: {reason}") as refused:
        section(tmp_path, text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("secret", ["", "password", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_a_secret_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    webhook = Webhook.model_validate({"url": "https://h/x", "secret": secret})
    with pytest.raises(
        InputError, match=r"^events\.webhook\.secret: expected whsec_ and at least 24 random"
    ) as refused:
        webhook.resolved_secret()
    assert not secret or secret == "whsec_" or secret not in str(refused.value)


def test_a_secret_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    webhook = Webhook.model_validate({"url": "https://h/x", "secret_file": tmp_path / "nowhere"})
    with pytest.raises(InputError, match=r"^events\.webhook\.secret_file: .*nowhere cannot be read: No such file"):
        webhook.resolved_secret()


def test_events_in_the_clear_to_another_machine_are_warned_of() -> None:
    def lines(url: str) -> list[str]:
        return exposures(Settings.model_validate({"events": {"webhook": {"url": url, "secret": SECRET}}}))

    assert lines("https://hooks.example/x") == lines("http://127.0.0.1:9/x") == []
    [line] = lines("http://hooks.example/x")
    assert line.startswith("events.webhook.url: events are sent in the clear")
