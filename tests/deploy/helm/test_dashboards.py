"""Grafana's boards: what the generator says, on metrics that there are, under a name of each release's own."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from deploy.helm.dashboards import BOARDS, FOLDER, text
from tests.deploy.helm.rendering import LEAST, ROOT, overlaid, render, tool

ON = overlaid(LEAST, {"metrics": {"dashboards": {"enabled": True}}})


def panels() -> list[dict[str, Any]]:
    return [panel for name in BOARDS for panel in json.loads(text(name))["panels"]]


def test_the_files_are_what_the_generator_says() -> None:
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()} == {
        name: text(name) for name in BOARDS
    }


def test_every_panel_says_what_it_shows_and_in_what_unit() -> None:
    for panel in panels():
        assert panel["title"]
        assert len(panel["description"]) > 20
        assert panel["fieldConfig"]["defaults"]["unit"]


def test_every_metric_is_one_that_the_code_declares() -> None:
    known = set(re.findall(r"`(seep_\w+)`", (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")))
    used = {name for panel in panels() for query in panel["targets"] for name in re.findall(r"seep_\w+", query["expr"])}
    assert len(used) > 12
    assert {re.sub("_(bucket|count)$", "", name) for name in used} <= known


def test_prometheus_takes_every_expression(tmp_path: Path) -> None:
    expressions = [query["expr"].replace("$__rate_interval", "5m") for panel in panels() for query in panel["targets"]]
    rules = [{"record": f"board:{number}", "expr": expression} for number, expression in enumerate(expressions)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "boards", "rules": rules}]}), encoding="utf-8")
    checked = subprocess.run([tool("promtool"), "check", "rules", str(file)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_chart_brings_them_where_they_are_wanted_under_a_uid_of_its_own() -> None:
    boards = [found for name, found in render(ON).objects("ConfigMap").items() if "-board-" in name]
    assert [board["metadata"]["labels"]["grafana_dashboard"] for board in boards] == ["1", "1"]
    uids = {json.loads(content)["uid"] for board in boards for content in board["data"].values()}
    assert len(uids) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", uid) for uid in uids)
    assert not [name for name in render(LEAST).objects("ConfigMap") if "-board-" in name]


def test_the_pages_know_the_path_that_the_ingress_serves_them_under() -> None:
    def configured(path: str) -> str:
        ingress = {"enabled": True, "hostname": "seep.example.com", "path": path}
        release = render(overlaid(LEAST, {"ingress": ingress, "api": {"allowAnonymous": True}}))
        return json.dumps(list(release.objects("ConfigMap").values()))

    assert "root_path: /seep" in configured("/seep/")
    assert "root_path" not in configured("/")
