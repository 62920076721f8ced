"""What stands beside a comparison's verdict."""

from dataclasses import replace

import pytest

from cli.rendering.comparison import print_cells, print_side_by_side, way_out, what_it_leaves_open
from results.comparison import CellVerdict
from results.statistics.verdicts import Verdict
from seep.answers import TRUNCATED
from seep.records import Estimate, LeakRate


def cell(category: str, within: float, verdict: Verdict, metric: str = "m") -> CellVerdict:
    return CellVerdict(metric, category, 0.0, -1.0, 1.0, 1.0, 1.0, "jobs", within, None, 10, 10, verdict)


def test_ok_names_the_categories_that_may_have_changed() -> None:
    cells = [cell("a", 8.25, "inconclusive"), cell("b", 4.0, "ok"), cell("all", 3.0, "ok")]
    assert what_it_leaves_open(cells, 5.0) == " over all; a category may have changed by up to so many points: a 8.2"
    assert what_it_leaves_open(cells[1:], 5.0) == ""


def test_the_mean_of_the_metrics_is_what_is_spoken_of() -> None:
    cells = [cell("a", 8.0, "inconclusive"), cell("a", 4.0, "ok", "mean"), cell("all", 3.0, "ok", "mean")]
    assert what_it_leaves_open(cells, 5.0) == ""


def test_where_no_comparison_differs_ok_is_of_these_prompts() -> None:
    assert "exactly these prompts" in what_it_leaves_open([cell("a", 12.0, "ok"), cell("all", 12.0, "ok")], 5.0)


def test_ok_names_the_categories_of_which_nothing_differs_on_too_few_prompts() -> None:
    cells = [cell("a", 70.0, "ok"), cell("b", 8.0, "inconclusive"), cell("all", 3.0, "ok")]
    said = " over all; a category may have changed by up to so many points: b 8.0"
    assert what_it_leaves_open(cells, 5.0) == f"{said}; on exactly these prompts, where nothing differs: a"


def test_no_p_is_shown_as_0(capsys: pytest.CaptureFixture[str]) -> None:
    print_cells([replace(cell("a", 8.0, "drift"), p=2 / 2**20, adjusted_p=0.0004)], 1, 5.0)
    line = next(line for line in capsys.readouterr().out.splitlines() if "drift" in line)
    assert "<0.0001" in line
    assert "0.0004" in line
    assert "0.0000" not in line


def test_no_effect_but_one_of_all_is_shown_as_100_points(capsys: pytest.CaptureFixture[str]) -> None:
    print_cells([replace(cell("a", 8.0, "drift"), effect=-99.997, low=-100.0, high=-99.996)], 1, 5.0)
    assert "-99.997  [-100.00, -99.996]" in capsys.readouterr().out


@pytest.mark.parametrize(("effect", "shown"), [(4.997, "+4.997"), (-4.997, "-4.997"), (5 - 1e-12, "+5.00")])
def test_an_effect_just_below_the_limit_does_not_read_as_the_limit(
    capsys: pytest.CaptureFixture[str], effect: float, shown: str
) -> None:
    print_cells([replace(cell("a", 8.0, "inconclusive"), effect=effect)], 1, 5.0)
    assert f" {shown} " in capsys.readouterr().out


def test_another_verdict_leaves_nothing_to_say() -> None:
    assert what_it_leaves_open([cell("a", 8.0, "inconclusive"), cell("all", 8.0, "inconclusive")], 5.0) == ""


def test_where_a_metric_is_of_one_run_alone_it_is_named() -> None:
    alone = replace(cell("all", 8.0, "not measured", "near"), pairs=0)
    found = way_out("r", "s", "not measured", None, 5.0, [alone, cell("all", 8.0, "inconclusive", "far")])
    assert found == "seep run s under the same metrics: only one of the runs has near"
    assert way_out("r", "s", "not measured", None, 5.0, [alone]).startswith("seep rates r: ")


@pytest.mark.parametrize(
    ("verdict", "reason", "command"),
    [
        ("drift", None, "seep examples r --leaks: "),
        ("inconclusive", None, "seep power s --effect 5 --pilot r: "),
        ("inconclusive", "a tenth is missing", "seep rates r: "),
        ("not measured", None, "seep rates r: "),
        ("ok", None, ""),
    ],
)
def test_a_verdict_comes_with_what_to_type_next(verdict: Verdict, reason: str | None, command: str) -> None:
    found = way_out("r", "s", verdict, reason, 5.0)
    assert found.startswith(command)
    assert bool(found) == bool(command)


def test_a_run_without_truncated_texts_stands_with_0_beside_one_that_has_some(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = LeakRate("r", "s", "t", "semantic", "m", "1", 40.0, 30.0, 50.0, 60, 9, 0, 0, 0)
    cut = replace(run, measures={TRUNCATED: Estimate(10, 5, 20, 60)})
    print_side_by_side({"one": [[cut]], "window": [[cut], [replace(run, comparisons=40)]], "none": [[run]]})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[-2:] for line in lines if line[:2] == ["1", "m"]] == [
        ["40.0", "10.0"],
        ["40.0", "6.0"],
        ["40.0", "0.0"],
    ]
