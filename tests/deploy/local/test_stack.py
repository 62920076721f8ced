"""Where the local stack keeps its results."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.local import stack
from seep.settings import Settings


class Nothing:
    """In the place of a broker."""

    def __init__(self, *arguments: object) -> None:
        self.bootstrap_servers = ""

    def start(self) -> None:
        """Starts nothing."""

    def stop(self) -> None:
        """Stops nothing."""

    def create_topics(self, configs: object) -> None:
        """Creates none."""


@pytest.mark.parametrize("configured", [True, False])
def test_the_services_use_the_configured_database_or_else_the_commands_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configured: bool
) -> None:
    given: list[str] = []

    def services(settings: Settings, config: Path, environment: Mapping[str, str], logs: Path) -> dict[str, object]:
        given.append(environment["SEEP_DATABASE__DSN"])
        return {}

    for name in ("LocalBroker", "KafkaBroker"):
        monkeypatch.setattr(stack, name, Nothing)
    monkeypatch.setattr(stack, "services", services)
    monkeypatch.chdir(tmp_path)
    dsn = "postgresql://me@db.example.com/seep"
    Path("my.yaml").write_text(f"database: {{dsn: '{dsn}'}}" if configured else "api: {port: 8001}", encoding="utf-8")
    with stack.running_stack(Path("my.yaml"), Path(".seep")):
        assert Path(".seep/postgres/data").exists() != configured
    assert (given == [dsn]) == configured


@pytest.mark.parametrize(
    ("engine", "scheduled", "said"),
    [
        ({"backend": "vllm", "model": "m"}, False, "colours-smoke --target t"),
        ({"backend": "recorded", "file": "answers.jsonl"}, False, "SUITE --target t"),
        ({"backend": "recorded", "file": "answers.jsonl"}, True, "--monitor daily"),
    ],
)
def test_what_it_says_to_send_first_can_be_answered(engine: Mapping[str, str], scheduled: bool, said: str) -> None:
    daily = {"daily": {"target": "t", "suite": "s.yaml", "schedule": "0 2 * * *"}} if scheduled else {}
    configuration = {"engines": {"e": engine}, "targets": {"t": {"engine": "e"}}, "monitors": daily}
    assert stack.first_push(Settings.model_validate(configuration)) == said


def test_what_it_says_to_watch_is_the_run_that_was_pushed_and_no_older_one() -> None:
    engine = {"backend": "openai", "base_url": "http://localhost:1/v1", "model": "m"}
    settings = Settings.model_validate({"engines": {"e": engine}, "targets": {"t": {"engine": "e"}}})
    [line] = stack.next_steps(settings, Path("my.yaml"), scheduling=False).splitlines()
    assert line.endswith('seep --config my.yaml watch "$(seep --config my.yaml push colours-smoke --target t)"')
