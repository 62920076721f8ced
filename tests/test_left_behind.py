"""A run of tests that is killed leaves nothing running."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.waiting import wait_until

pytestmark = pytest.mark.slow

STARTING = """
import subprocess, sys, time
from pathlib import Path
from deploy.local.stack import Service
from seep.local_postgres import local_postgres
from tests.left_behind import end_with_this_process

kept = end_with_this_process()
folder = Path(sys.argv[1])
sleeping = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
(folder / "sleeping.py").write_text(sleeping)
sys.path.insert(0, str(folder))
service = Service(["sleeping"], {"PYTHONPATH": str(folder)}, folder / "log")
with local_postgres(folder / "postgres"):
    service.start()
    print((folder / "postgres/data/postmaster.pid").read_text().split()[0], service.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_service_its_children_and_a_database_end_with_a_killed_process(
    tmp_path: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", STARTING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        started = [psutil.Process(int(pid)) for pid in killed.stdout.readline().split()]
        assert len(started) == 2
        wait_until(lambda: bool(started[1].children()), "the service to start another process")
        started += started[1].children()
        os.kill(killed.pid, number)
    wait_until(lambda: not any(map(runs, started)), "all to end", report=lambda: str(started))


def runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
