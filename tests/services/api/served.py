"""The API as a process of its own, and a client of it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from deploy.local.broker import free_port
from tests.waiting import wait_until

COMMAND = [sys.executable, "-m", "services.api"]


@contextmanager
def served(
    dsn: str, log: Path, more: dict[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client, dict[str, str]]]:
    """The process, a client of it and its environment, once it answers."""
    port = free_port()
    environment = {
        **os.environ,
        "SEEP_DATABASE__DSN": dsn,
        "SEEP_API__PORT": str(port),
        "SEEP_WORKER__METRICS_PORT": "0",
    }
    environment |= more or {}
    with (
        log.open("wb") as stderr,
        subprocess.Popen(COMMAND, env=environment, stderr=stderr) as running,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=300) as client,
    ):
        try:
            wait_until(lambda: status(client, "/healthz") == 200)
            yield running, client, environment
        finally:
            running.kill()


def status(client: httpx.Client, path: str) -> int:
    try:
        return client.get(path).status_code
    except httpx.ConnectError:
        return 0
