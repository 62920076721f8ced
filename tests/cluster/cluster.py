"""A release of the chart in a namespace of its own, spoken to with kubectl and helm as an operator would."""

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.rates import without_names
from tests.waiting import wait_until

CHART = Path("deploy/helm/seep")
# A file of values of this cluster's, which go over a profile's: where its images are, its storage class.
VALUES = [f"--values={os.environ['SEEP_TEST_VALUES']}"] if os.environ.get("SEEP_TEST_VALUES") else []
WAIT_SECONDS = 600.0
NAME = "seep"
# Both levels: what is refused never becomes a pod, and what would be refused is a warning to whoever applies it.
LABELS = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}


class Cluster:
    """A namespace of the cluster that KUBECONFIG names, and what the server warned of while it was used."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.warnings: list[str] = []

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl prints; a failure is a failed assertion with what it says."""
        return self._run(["kubectl", "--namespace", self.namespace, *arguments], stdin)

    def helm(self, *arguments: str) -> str:
        """What helm prints; a failure is a failed assertion with what it says."""
        return self._run(["helm", "--namespace", self.namespace, *arguments], None)

    def objects(self, kind: str, *arguments: str) -> list[dict[str, Any]]:
        """The objects of a kind, or of several with commas between."""
        items: list[dict[str, Any]] = json.loads(self.kubectl("get", kind, "--output", "json", *arguments))["items"]
        return items

    def names(self, kind: str, *arguments: str) -> list[str]:
        """The names of objects as kubectl takes them, kind/name."""
        return self.kubectl("get", kind, "--output", "name", *arguments).split()

    def pods(self, component: str) -> list[str]:
        """The release's living pods of a component, as pod/name."""
        return self.names(
            "pods", f"--selector=app.kubernetes.io/component={component}", "--field-selector=status.phase=Running"
        )

    def seep(self, *arguments: str, stdin: str | None = None) -> str:
        """What the `seep` command prints in the aggregator's pod; an exit code other than 0 is a failed assertion."""
        return self.kubectl("exec", "--stdin", f"deployment/{NAME}-aggregator", "--", "seep", *arguments, stdin=stdin)

    def runs(self) -> list[dict[str, Any]]:
        """The summaries of the latest runs."""
        summaries: list[dict[str, Any]] = json.loads(self.seep("runs", "--limit", "100", "--json"))
        return summaries

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Waits for a condition as long as a cluster may take; fails if it does not come true."""
        wait_until(condition, what, seconds=WAIT_SECONDS)

    def wait_for_jobs(self, run_id: str, jobs: int) -> None:
        """Waits until so many of the run's jobs are recorded."""

        def reached() -> bool:
            return any(run["run_id"] == run_id and run["recorded"] >= jobs for run in self.runs())

        self.wait_until(reached, f"{jobs} jobs of run {run_id} to be recorded")

    def rates(self, run_id: str) -> list[dict[str, Any]]:
        """The rates of the run once it is complete, without the names of run and target."""
        rates: list[dict[str, Any]] = json.loads(self.seep("watch", run_id, "--wait", str(int(WAIT_SECONDS)), "--json"))
        return without_names(rates)

    @contextmanager
    def forwarded(self, target: str, port: int) -> Iterator[str]:
        """The address of a port of a pod or service, on this machine, while the block lasts."""
        local = free_port()
        command = ["kubectl", "--namespace", self.namespace, "port-forward", target, f"{local}:{port}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert "Forwarding" in process.stdout.readline()
            yield f"127.0.0.1:{local}"
            process.terminate()

    def _run(self, command: Sequence[str], stdin: str | None) -> str:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        # kubectl's words, and those of the library's logger, which helm leaves them to.
        self.warnings += [line for line in done.stderr.splitlines() if "Warning:" in line or "warnings.go" in line]
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-3000:]}{done.stdout[-1000:]}"
        return done.stdout


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
