"""The `seep` command within the tests' own process."""

import sys

import pytest

from cli.main import main
from seep.kafka.broker import Broker
from seep.kafka.client import KafkaBroker
from tests.commands import Command


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command, on a broker if one is given: exit code, and what it printed on both streams."""

    def run(*arguments: str, broker: Broker | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["seep", *arguments])
        with pytest.raises(SystemExit) as ended:
            main(KafkaBroker if broker is None else lambda _: broker)
        return int(ended.value.code or 0), *capsys.readouterr()

    return run
