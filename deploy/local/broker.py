"""A real Kafka broker on this machine: one KRaft process on the loopback address, for trying out and for tests."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIBRARIES = Path(__file__).parents[2] / ".seep" / "kafka-libs"
# Java's archive of the classes that a broker loads. Where it is missing or another Java's, a start takes twice as long.
CLASSES = LIBRARIES.with_name("kafka-classes.jsa")
CLUSTER_ID = "c2VlcC1sb2NhbC1icm9rZQ"
# A machine that others share may take its time.
START_SECONDS = 180.0
STARTED = b"Kafka Server started"
# In a folder for data that is formatted.
FORMATTED = "meta.properties"


class LocalBroker:
    """A broker with its data in one folder; started again on the same folder it has everything it had."""

    def __init__(self, folder: Path, port: int) -> None:
        """Port 0 takes a free one."""
        self.folder = folder
        self.port = port or free_port()
        self._controller_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._about_classes = f"-XX:SharedArchiveFile={CLASSES}"

    @property
    def _log(self) -> Path:
        return self.folder / "broker.log"

    @property
    def bootstrap_servers(self) -> str:
        """Where clients find it."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts the broker and returns when it takes connections."""
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        properties.write_text(self._properties(), encoding="utf-8")
        format_storage = ["format", "--cluster-id", CLUSTER_ID, "--config", str(properties)]
        with self._log.open("ab") as log:
            already_logged = log.tell()
            if not (self.folder / "data" / FORMATTED).exists():
                formatting = self._java("kafka.tools.StorageTool", *format_storage)
                subprocess.run(formatting, stdout=log, stderr=log, check=True)
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(properties)), stdout=log, stderr=log, start_new_session=True
            )
        self._wait_until_started(already_logged)

    def stop(self) -> None:
        """Stops it in an orderly way."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=60)
            self._process = None

    def wait(self) -> int:
        """Waits for the broker to end and returns its exit status."""
        return self._process.wait() if self._process else 0

    def _wait_until_started(self, already_logged: int) -> None:
        """Waits for what the broker itself says: whoever answers at its port may be another process."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise SystemExit(f"the broker ended while starting: see {self._log}")
            if STARTED in self._log.read_bytes()[already_logged:]:
                return
            time.sleep(0.2)
        raise SystemExit(f"the broker did not start in {START_SECONDS:.0f} s: see {self._log}")

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        log_settings = Path(__file__).with_name("log4j2.properties")
        # Most of what a broker computes that lives for minutes is its start, and compiling what it will not run often.
        sparing = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        options = [*sparing, self._about_classes, "-Xms128m", "-Xmx512m", f"-Dlog4j2.configurationFile={log_settings}"]
        return ["java", *options, "-cp", f"{LIBRARIES}{os.sep}*", main_class, *arguments]

    def _properties(self) -> str:
        return "\n".join(
            [
                "process.roles=broker,controller",
                "node.id=1",
                f"controller.quorum.voters=1@127.0.0.1:{self._controller_port}",
                f"listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller_port}",
                "controller.listener.names=CONTROLLER",
                f"log.dirs={self.folder / 'data'}",
                "auto.create.topics.enable=false",
                "offsets.topic.replication.factor=1",
                "transaction.state.log.replication.factor=1",
                "transaction.state.log.min.isr=1",
                "group.initial.rebalance.delay.ms=0",
                # The topics take messages of 16 MiB; the broker must be able to fetch what they hold.
                "socket.request.max.bytes=104857600",
                "",
            ]
        )


def archive_classes() -> None:
    """Starts a broker and stops it again, so that Java writes CLASSES; for `make setup`."""
    with tempfile.TemporaryDirectory() as folder:
        broker = LocalBroker(Path(folder), 0)
        made = Path(folder) / CLASSES.name
        broker._about_classes = f"-XX:ArchiveClassesAtExit={made}"
        broker.start()
        broker.stop()
        shutil.copy(made, CLASSES)


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Runs a broker in the foreground: `python -m deploy.local.broker FOLDER PORT`."""
    broker = LocalBroker(Path(sys.argv[1]).resolve(), int(sys.argv[2]))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    broker.start()
    print(f"Kafka answers at {broker.bootstrap_servers}; data and log in {broker.folder}; Ctrl-C stops", flush=True)
    try:
        sys.exit(broker.wait())
    except KeyboardInterrupt:
        broker.stop()


if __name__ == "__main__":
    main()
