"""A service answers its probes before it serves."""

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from deploy.local.broker import free_port

pytestmark = pytest.mark.slow

WAIT_SECONDS = 300.0


@contextmanager
def generator_without_a_broker(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    recorded = folder / "recorded.jsonl"
    recorded.write_text('{"prompt": "a", "generations": ["b"]}\n', encoding="utf-8")
    settings = {
        "kafka": {"bootstrap_servers": f"127.0.0.1:{free_port()}"},
        "engines": {"e": {"backend": "recorded", "file": str(recorded)}},
        "targets": {"t": {"engine": "e"}},
        "worker": {"metrics_port": port, "metrics_host": "127.0.0.1"},
    }
    config = folder / "seep.yaml"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    command = [sys.executable, "-m", "services.generator", "--engine", "e", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def status(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=300) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_service_whose_broker_is_away_is_alive_and_not_ready_and_stops_on_a_signal(tmp_path: Path) -> None:
    port = free_port()
    with generator_without_a_broker(tmp_path, port) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "no broker answers" in line)
        assert line.rstrip().endswith("; waiting")
        assert (status(port, "/healthz"), status(port, "/readyz")) == (200, 503)
        process.terminate()
        _, errors = process.communicate(timeout=WAIT_SECONDS)
        assert process.returncode == 0
        assert "stopped before it had started" in errors
