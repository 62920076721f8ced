"""A real Prometheus, for the tests of what the services show it."""

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.cluster import free_port

# The one on the PATH, else the one that came with the promtool of `make test-chart`.
PROMETHEUS = shutil.which("prometheus") or shutil.which(".seep/prometheus/usr/bin/prometheus")


@contextmanager
def running_prometheus(folder: Path, targets: Sequence[str]) -> Iterator[str]:
    """Scrapes the targets every two seconds while the block lasts; its own address."""
    folder.mkdir()
    config = folder / "prometheus.yml"
    scrape = {"job_name": "seep", "static_configs": [{"targets": list(targets)}]}
    config.write_text(
        yaml.safe_dump({"global": {"scrape_interval": "2s"}, "scrape_configs": [scrape]}), encoding="utf-8"
    )
    address = f"127.0.0.1:{free_port()}"
    assert PROMETHEUS is not None
    command = [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={folder}/data"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address={address}"], stdout=log, stderr=log)
        try:
            yield address
        finally:
            process.terminate()
            process.wait()


def series(address: str, query: str) -> list[dict[str, Any]]:
    """What a Prometheus answers to a query; nothing while it starts."""
    url = f"http://{address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            found: list[dict[str, Any]] = json.load(response)["data"]["result"]
            return found
    except OSError:
        return []
