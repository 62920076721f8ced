"""The references of seep.yaml, of the metrics and of the chart's values leave nothing out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks import chart_values_reference, configuration_reference, metrics_reference
from seep.settings import load_settings


def rows(page: str) -> list[list[str]]:
    """The cells of all tables."""
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize("page", [configuration_reference.page, metrics_reference.page, chart_values_reference.page])
def test_everything_has_a_meaning(page: Any) -> None:
    found = rows(page())
    assert len(found) > 15
    assert [cells for cells in found if len(cells) != 4 or not cells[-1]] == []


def settings_of(values: Any, place: str = "") -> Iterator[str]:
    """The settings of a configuration, as section.setting."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from settings_of(value, f"{place}.{name}" if place else name)
        elif place:
            yield f"{place}.{name}"


def test_every_default_of_the_settings_is_in_the_reference(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEP_CONFIG", raising=False)
    listed, section = set(), ""
    for line in configuration_reference.page().splitlines():
        if line.startswith("## "):
            section = line.split()[1]
            listed.add(section)  # one that is off by default has no settings
        elif line.startswith("| `"):
            listed.add(f"{section}.{line.split('`')[1]}")
    defaults = set(settings_of(load_settings().model_dump()))
    assert len(defaults) > 25
    assert defaults <= listed
    assert {"engines.NAME.tensor_parallel_size", "targets.NAME.filter.refuse", "monitors.NAME.suite"} <= listed


def test_every_metric_that_the_code_names_is_in_the_reference() -> None:
    named = {
        name
        for folder in ("seep", "services")
        for file in Path(folder).rglob("*.py")
        for name in re.findall(r'"(seep_[a-z_]+)"', file.read_text(encoding="utf-8"))
    }
    listed = {cells[0].strip("` ").removesuffix("_total") for cells in rows(metrics_reference.page())}
    assert named == listed


def test_every_value_of_the_chart_is_in_the_reference_once() -> None:
    text = (chart_values_reference.CHART / "values.yaml").read_text(encoding="utf-8")
    paths = [value.path for value in chart_values_reference.values(text)]
    assert len(paths) == len(set(paths))
    loaded = yaml.safe_load(text)
    for path in paths:
        # What is left is a group, or nothing at all.
        *groups, last = path
        group = loaded
        for name in groups:
            group = group[name]
        del group[last]
    assert emptied(loaded) == {}


def emptied(values: dict[str, Any]) -> dict[str, Any]:
    """What holds anything but empty groups."""
    return {name: value for name, value in values.items() if not (isinstance(value, dict) and emptied(value) == {})}
