"""A run of tests that is killed leaves nothing running, and nothing in memory."""

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
import os, subprocess, sys, time
from pathlib import Path
from deploy.local.stack import Service
from seep.local_postgres import local_postgres
from tests.left_behind import VARIABLE, end_with_this_process, folder_in_memory

kept = end_with_this_process()
folder = Path(sys.argv[1])
sleeping = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
(folder / "sleeping.py").write_text(sleeping)
sys.path.insert(0, str(folder))
memory = folder_in_memory(os.environ[VARIABLE])
memory.mkdir()
service = Service(["sleeping"], {"PYTHONPATH": str(folder)}, folder / "log")
with local_postgres(folder / "postgres"):
    service.start()
    print((folder / "postgres/data/postmaster.pid").read_text().split()[0], service.pid, memory, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_service_its_children_a_database_and_files_in_memory_end_with_a_killed_process(
    tmp_path: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", STARTING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        server, other, memory = killed.stdout.readline().split()
        started = [psutil.Process(int(server)), psutil.Process(int(other))]
        assert Path(memory).is_dir()
        wait_until(lambda: bool(started[1].children()), "the service to start another process")
        started += started[1].children()
        os.kill(killed.pid, number)
    wait_until(lambda: not any(map(runs, started)), "all to end", report=lambda: str(started))
    wait_until(lambda: not Path(memory).exists(), "the memory to be free")


def runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
