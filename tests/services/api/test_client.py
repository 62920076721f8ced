"""The client of notebooks reads what the API says, as records that draw themselves."""

import json
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote

import httpx
import pytest
from fastapi.testclient import TestClient

from results.client import Seep, connect
from results.runs import RunSummary
from seep.errors import InputError, Unavailable
from tests.docs.blocks import PROJECT, blocks_of
from tests.stored import Stored

LAST = "daily-20261120T060000Z"


@pytest.fixture
def seep(client: TestClient, filled: Stored) -> Seep:
    return Seep(cast(Any, client))


def answering(status: int, body: str) -> Seep:
    transport = httpx.MockTransport(lambda request: httpx.Response(status, text=body))
    return Seep(httpx.Client(base_url="http://seep", transport=transport))


def test_runs_are_those_of_all_pages(seep: Seep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results.client.MOST_ON_A_PAGE", 2)
    runs = seep.runs()
    assert [run.run_id for run in runs] == [LAST, "second", "first"]
    assert runs[0] == seep.run(LAST)
    assert isinstance(runs[0], RunSummary)
    assert [run.run_id for run in seep.runs(limit=1)] == [LAST]
    assert [run.run_id for run in seep.runs(monitor="daily")] == [LAST]


def test_rates_are_the_stores_to_the_last_digit(seep: Seep, filled: Stored) -> None:
    read = seep.rates("first", pool=["1,2"])
    stored = filled.rates("first", [["1", "2"]])
    assert [(rate.category, rate.rate, rate.low, rate.high, rate.clusters) for rate in read] == [
        (rate.category, rate.rate, rate.low, rate.high, rate.clusters) for rate in stored
    ]
    assert {rate.category for rate in seep.rates("first", by="concept")}.isdisjoint({"1", "2"})


def test_rows_are_flat_for_a_data_frame(seep: Seep) -> None:
    rows = seep.rates("first").rows()
    assert {"metric", "category", "rate", "low", "high", "tie"} <= set(rows[0])
    assert json.loads(json.dumps(rows)) == rows
    assert seep.runs().rows()[0]["run_id"] == LAST


def test_a_notebook_shows_tables_with_the_intervals_drawn(seep: Seep) -> None:
    rates = seep.rates("first")
    drawn = rates._repr_html_()
    assert drawn.count("<tr>") == len(rates) + 1
    assert drawn.count("<svg") == sum(rate.rate is not None for rate in rates)
    assert f"<td>{rates[0].rate:.2f}</td>" in drawn
    assert f"<td>{LAST}</td>" in seep.runs()._repr_html_()


def drawn_alone(rate: float | None, low: float | None, high: float | None) -> str:
    figures = {"metric": "m", "category": "<b>", "rate": rate, "low": low, "high": high, "ties": 0, "echoes": 0}
    names = {"run_id": "r", "suite": "s", "target": "t", "probe": "semantic", "mixed": False}
    counts = {"comparisons": 0, "clusters": 0, "missing": 4, "kappa": {}, "provenance": {}, "measures": {}}
    return answering(200, json.dumps([names | figures | counts])).rates("r")._repr_html_()


def test_a_screen_reader_hears_the_interval_as_it_is_shown() -> None:
    drawn = drawn_alone(50.0, 0.001, 99.999)
    assert "<td>&lt;0.01 to &gt;99.99</td>" in drawn
    assert 'aria-label="&lt;0.01 to &gt;99.99 %"' in drawn


def test_what_is_not_measured_has_no_picture() -> None:
    drawn = drawn_alone(None, None, None)
    assert "<td>not measured</td>" in drawn
    assert "<svg" not in drawn
    assert "<b>" not in drawn


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (lambda seep: seep.rates("nowhere"), "/v1/runs/nowhere/rates: run nowhere: there is no such run"),
        (lambda seep: seep.runs(colour="red"), "/v1/runs: "),
        (lambda seep: seep.rates("first", pool=["9"]), "/v1/runs/first/rates: "),
    ],
)
def test_what_cannot_be_asked_is_one_line(seep: Seep, ask: Callable[[Seep], object], line: str) -> None:
    with pytest.raises(InputError) as refused:
        ask(seep)
    assert str(refused.value).startswith(line)
    assert "\n" not in str(refused.value)


def test_the_guide_does_what_it_says(seep: Seep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results.client.connect", lambda *given, **named: seep)
    blocks = [block.text for block in blocks_of(PROJECT / "docs/guides/notebook.md") if block.language == "python"]
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert type(names["table"]).__name__ == "DataFrame"
    assert len(blocks) >= 2


@pytest.mark.parametrize(
    "answer", ["<html>log in</html>", "[3]", "{}", '{"runs": 3, "next": null}', '{"summary": {}}', ""]
)
@pytest.mark.parametrize("ask", [lambda seep: seep.runs(), lambda seep: seep.run("a"), lambda seep: seep.rates("a")])
def test_another_servers_answer_is_no_result(answer: str, ask: Callable[[Seep], object]) -> None:
    with pytest.raises(InputError, match="no answer of Seep's API"):
        ask(answering(200, answer))


@pytest.mark.parametrize("run_id", ["../monitors", "a/rates", "a?by=concept", "a#b", "a b%2f"])
def test_a_runs_id_is_one_part_of_the_path(run_id: str) -> None:
    paths: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path.decode())
        return httpx.Response(404)

    seep = Seep(httpx.Client(base_url="http://seep", transport=httpx.MockTransport(answer)))
    with pytest.raises(InputError):
        seep.run(run_id)
    assert paths == [f"/v1/runs/{quote(run_id, safe='')}"]


@pytest.mark.parametrize(
    ("address", "token"),
    [("http://seep:port", None), ("localhost:8000", None), ("http://seep", "a\nb"), ("http://seep", "é")],
)
def test_what_is_no_address_or_token_is_one_line(address: str, token: str | None) -> None:
    with pytest.raises(InputError, match=r"^(address|token): expected [^\n]*$"):
        connect(address, token)


def test_who_is_not_the_api_is_named() -> None:
    with pytest.raises(InputError, match="HTTP 404, and no answer of Seep's API"):
        answering(404, "<html>").runs()
    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:9: no answer"):
        connect("http://127.0.0.1:9").runs()
    with pytest.raises(Unavailable, match=r"^http://127\.0\.0\.1:9: no answer"):
        connect("http://reader:secret@127.0.0.1:9").runs()
    with pytest.raises(Unavailable, match="does not answer"):
        answering(503, json.dumps({"detail": "the database does not answer"})).runs()
