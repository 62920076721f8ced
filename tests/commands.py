"""The `seep` command within the tests' own process."""

import io
import os
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest

from seep.kafka.broker import Broker

# Its arguments; exit code, and what it printed on both streams.
Command = Callable[..., tuple[int, str, str]]


def run_command(*arguments: str, broker: Broker | None = None, folder: Path = Path()) -> tuple[int, str, str]:
    """Runs the command in a folder, on a broker if one is given: exit code, and what it printed on both streams.

    It changes nothing in the environment, as a process of its own would not.
    """
    # Not for those who only collect tests.
    from cli.main import main
    from seep.kafka.client import KafkaBroker

    printed, complaint = _stream(), _stream()
    with (
        chdir(folder),
        patch.dict(os.environ),
        patch("sys.argv", ["seep", *arguments]),
        redirect_stdout(printed),
        redirect_stderr(complaint),
        pytest.raises(SystemExit) as ended,
    ):
        main(KafkaBroker if broker is None else lambda _: broker)
    return int(ended.value.code or 0), _text(printed), _text(complaint)


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
