"""The API as a process: up before its database is ready, and gone when it is told to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from deploy.local.broker import free_port
from services.aggregator.migrate import migrate

COMMAND = [sys.executable, "-m", "services.aggregator.api"]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited a minute in vain"
        time.sleep(0.1)


def test_it_is_ready_once_the_aggregator_has_made_the_schema_and_ends_at_sigterm(
    postgres_dsn: str, tmp_path: Path
) -> None:
    port = free_port()
    environment = {**os.environ, "SEEP_DATABASE__DSN": postgres_dsn, "SEEP_API__PORT": str(port)}
    log = tmp_path / "log"
    with (
        log.open("wb") as stderr,
        subprocess.Popen(COMMAND, env=environment, stderr=stderr) as running,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):

        def status(path: str) -> int:
            try:
                return client.get(path).status_code
            except httpx.ConnectError:
                return 0

        try:
            wait_until(lambda: status("/healthz") == 200)
            assert (status("/readyz"), status("/v1/runs")) == (503, 503)
            migrate(postgres_dsn)
            wait_until(lambda: status("/readyz") == 200)
            assert status("/v1/runs") == 200
            second = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=60, check=False)
            assert second.returncode == 2
            assert f"api.port: cannot listen on 127.0.0.1:{port}: " in second.stderr
            running.send_signal(signal.SIGTERM)
            assert running.wait(timeout=30) == 0
        finally:
            running.kill()
    assert "api.token is not configured" in log.read_text()
