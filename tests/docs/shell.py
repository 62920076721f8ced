"""A real shell in a folder, whose `seep` runs in the tests' own process: a process of its own imports for seconds."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

from seep.kafka.broker import Broker
from tests.commands import run_command

# What stands for the command on the PATH: it hands over what it was called with, and prints what comes back.
CLIENT = """#!{python} -SsE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect({path!r})
    asked.sendall(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode())
    asked.shutdown(socket.SHUT_WR)
    code, printed, complaint = json.load(asked.makefile())
sys.stdout.write(printed)
sys.stderr.write(complaint)
sys.exit(code)
"""


class Shell:
    """Runs scripts by bash, one after the other, in one folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str], broker: Broker | None) -> None:
        self._folder, self._broker = folder, broker
        tools = folder / ".tools"
        tools.mkdir()
        self._log, where = tools / "printed", str(tools / "socket")
        (tools / "seep").write_text(CLIENT.format(python=sys.executable, path=where), encoding="utf-8")
        (tools / "seep").chmod(0o755)
        path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
        self._environment = {**os.environ, **environment, "PATH": path}
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(where)
        self._socket.listen()
        self._socket.settimeout(0.02)

    def close(self) -> None:
        """Takes no more calls."""
        self._socket.close()

    def run(self, script: str) -> tuple[int, str]:
        """The script's exit code, and what it printed on both streams."""
        with self._log.open("wb") as log:
            shell = subprocess.Popen(
                ["bash", "-o", "pipefail", "-c", script],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            while shell.poll() is None:
                self._answer()
        return shell.returncode, self._log.read_text(encoding="utf-8")

    def _answer(self) -> None:
        try:
            call, _ = self._socket.accept()
        except TimeoutError:
            return
        with call, call.makefile("rw", encoding="utf-8") as stream:
            call.setblocking(True)
            arguments, folder, environment = json.loads(stream.read())
            with patch.dict(os.environ, environment, clear=True):
                json.dump(run_command(*arguments, broker=self._broker, folder=Path(folder)), stream)
