"""The API as a process: up before its database is ready, and gone when it is told to."""

import signal
import subprocess
from pathlib import Path

from results.storage.migrate import migrate
from tests.services.api.served import COMMAND, served, status
from tests.waiting import held, wait_until


def test_it_is_ready_once_the_aggregator_has_made_the_schema_and_ends_at_sigterm(
    postgres_dsn: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with served(postgres_dsn, log) as (running, client, environment):
        assert (status(client, "/readyz"), status(client, "/v1/runs")) == (503, 503)
        migrate(postgres_dsn)
        wait_until(lambda: status(client, "/readyz") == 200)
        assert status(client, "/v1/runs") == 200
        second = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert second.returncode == 2
        assert f"api.port: cannot listen on 127.0.0.1:{client.base_url.port}: " in second.stderr
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=300) == 0
    assert "api.token is not configured" in log.read_text()


def test_what_waits_for_a_lock_is_told_so_before_the_lock_is_gone(dsn: str, tmp_path: Path) -> None:
    with served(dsn, tmp_path / "log") as (_, client, _):
        with held(dsn, "runs"):
            answer = client.get("/v1/runs")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert answer.json() == {"detail": "the database does not answer now"}
            assert status(client, "/readyz") == 503
        assert status(client, "/v1/runs") == 200
