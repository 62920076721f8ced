"""Every page over seeded runs: it is there, safe, small, and says what must be known beside a number."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from results.storage.overview import points_of_monitors
from results.sums import Comparison
from seep.settings import Settings
from services.api.ui.monitor import fitting
from services.api.ui.rendering import environment
from services.api.ui.samples import Sample, sides
from tests.services.api.applications import made_once
from tests.services.api.ui.pages import PATHS
from tests.stored import Stored

VOID = {"meta", "link", "input", "br", "img"}
LARGEST_PAGE = 60_000


class Tags(HTMLParser):
    """Checks that tags close as they opened, and gathers all attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag


def read(text: str) -> Tags:
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    return tags


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_page_is_whole_small_and_leads_nowhere_else(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert len(answer.content) < LARGEST_PAGE
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    tags = read(answer.text)
    assert not [found for found in tags.attributes if found[1] == "style" or found[1].startswith("on")]
    links = [value for _, name, value in tags.attributes if name in ("href", "src", "action", "hx-get")]
    assert [link for link in links if not link.startswith(("/", "#", "data:,", "?"))] == []
    assert [link for link in links if link.startswith("//")] == []


def test_every_kind_of_link_leads_to_a_page(client: TestClient) -> None:
    found: dict[str, str] = {}
    for path in PATHS.values():
        for tag, name, value in read(client.get(path).text).attributes:
            if (tag, name) == ("a", "href") and value.startswith("/"):
                # Of links that differ in a run's id or a cursor one is enough.
                shape = re.sub(r"/runs/[^/?]+|=[^&]+", "", value)
                found.setdefault(shape, value)
    assert len(found) > 15
    assert [link for link in found.values() if client.get(link).status_code != 200] == []


def test_templates_use_nothing_that_the_policy_forbids() -> None:
    folder = Path("services/api/ui/templates")
    for template in folder.iterdir():
        text = template.read_text(encoding="utf-8")
        for forbidden in ("hx-on", "hx-live", "js:", "|safe", "| safe", "<script>", "javascript:"):
            assert forbidden not in text, (template.name, forbidden)
        assert not re.search(r'hx-trigger="[^"]*\[', text), template.name


def test_what_a_model_said_is_text_and_nothing_else(client: TestClient) -> None:
    text = client.get(PATHS["hostile"]).text
    assert "&lt;" in text
    assert "<img" not in text
    assert "<script>alert" not in text
    assert "\u202e" not in text
    long = client.get("/ui/runs/hostile/samples?text=AAAAAAAA").text
    assert "more characters are in the API" in long
    assert len(long) < LARGEST_PAGE


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("overview", "A model that leaks nothing has 50 %"),
        ("overview", "within it in 95 of 100"),
        ("overview", "the chance that it ever does is at most 5 %"),
        ("refusing", "not measured"),
        ("refusing", "96 refused"),
        ("refusing", "96 of 96 comparisons have no score:"),
        ("progress", "5 of 12 jobs"),
        ("progress", "56 of 96 comparisons have no score yet:"),
        ("compare-baseline", " points (95\u00a0% interval "),
        ("compare-baseline", "bold, the concept's own"),
        ("stalled", "Stalled."),
        ("mixed", "its jobs differ in model, engine, decoding or scorer"),
        ("new", "No run was sent for this monitor yet"),
        ("alarming", "The leakage has changed"),
        ("troubles", "the engine gave no answer in time"),
        ("models", "work-small-135m"),
        ("languages", "Points above the run plain"),
        ("sample", "Other samples of the test"),
        ("mixed", "not tested: its jobs differ in model, engine, decoding or scorer</td>"),
        ("stalled", "not finished; bert_score: 64 of 96 comparisons have no score"),
        ("alarming", "<summary>The numbers</summary>"),
        ("suites", "The API cannot read suites/work.yaml"),
        ("run", "seep report work-large-1.7b --out report.html"),
        ("compare-baseline", "seep report work-large-1.7b --baseline quiet-week-1 --out report.html"),
        ("models", "work-large-1.7b work-medium-360m work-small-135m --format latex"),
        ("suites", "<summary>The first prompts</summary>"),
    ],
)
def test_a_page_says_what_must_be_known(client: TestClient, page: str, said: str) -> None:
    assert said in client.get(PATHS[page]).text


def test_differences_of_languages_have_their_sign_and_shares_have_none(client: TestClient) -> None:
    for path, signed in ((PATHS["languages"], True), (PATHS["languages"].partition("&")[0], False)):
        found = client.get(path).text
        titles = re.findall(r'title="([^"]+) to [^"]+">([^<]+)</td>', found)
        figures = [*re.findall(r'<td class="num">([^<]+)</td>', found), *(figure for row in titles for figure in row)]
        assert figures
        assert all((figure[0] in "+\N{MINUS SIGN}") == signed for figure in figures)


def test_no_rate_stands_where_nothing_was_measured(client: TestClient) -> None:
    found = re.sub(r"<style.*?</style>", "", client.get(PATHS["refusing"]).text)
    rates = found[found.index("Rates by category") : found.index("Beside the rate")]
    assert not re.search(r'<td class="num">\d+\.\d</td>', rates)


def test_what_must_not_be_compared_is_refused_with_the_reason(client: TestClient) -> None:
    answer = client.get("/ui/compare?run=in-progress&other=hostile")
    assert answer.status_code == 200
    assert "Not compared." in answer.text
    assert "still running" in answer.text
    assert "mixed" in client.get(f"/ui/compare?run={mixed_run(client)}&baseline=mixed-week-1").text


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/ui/runs/nothing", 404, "run nothing: there is no such run"),
        ("/ui/monitors/nothing", 404, "monitor nothing: there is no such monitor"),
        ("/ui/nothing", 404, "there is nothing at this address"),
        ("/ui/models?run=work-large-1.7b&run=nothing", 404, "run nothing: there is no such run"),
        ("/ui/runs?statee=x", 400, "statee: there is no such parameter"),
        ("/ui/runs?state=x", 422, "state: expected &#39;running&#39;, &#39;complete&#39;"),
        ("/ui/runs?sent_from=x", 422, "sent_from: expected a day, as 2026-11-29"),
        ("/ui/runs?text=%00", 422, "text: expected text without the character U+0000"),
        ("/ui/compare?run=" + "a" * 501, 422, "run: expected at most 500 characters"),
        ("/ui/runs/work-large-1.7b/sample?job=x", 422, "test: expected a value, found none"),
    ],
)
def test_what_is_wrong_is_a_page_too(client: TestClient, path: str, status: int, said: str) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert "<h1>Not" in answer.text
    assert said in answer.text
    read(answer.text)


def test_the_api_says_what_the_pages_show(client: TestClient) -> None:
    monitors = {each["status"]["monitor"]: each for each in client.get("/v1/overview").json()}
    assert monitors["alarming"] == client.get("/v1/monitors/alarming").json()
    page = client.get("/ui").text
    for rate in monitors["alarming"]["rates"]:
        if rate["category"] == "all":
            assert f"{rate['rate']:.1f} %" in page
    series = client.get("/v1/monitors/quiet/series", params={"category": "all"}).json()
    assert [point["rate"]["category"] for point in series] == ["all"] * 18
    assert client.get("/v1/facets").json()["suites"] == ["spill", "work"]
    assert len(client.get("/v1/suites").json()) == 2
    assert set(client.get("/v1/rates", params={"run": ["hostile", "plain"]}).json()) == {"hostile", "plain"}
    assert len(client.get("/v1/runs/plain/languages").json()) == 16
    assert client.get("/v1/runs/in-progress/progress").json()["throughput"]["jobs"] == 5
    assert client.get("/v1/dead-letters/runs").json()[0]["jobs"] == 2
    compared = client.get("/v1/compare", params={"run": "hostile", "other": "work-small-135m"}).json()
    assert compared["verdict"] in ("ok", "drift", "inconclusive")
    assert sum(compared["flips"][0][name] for name in ("up", "down", "same")) == 48


def test_the_overview_says_what_comes_next_until_a_monitor_was_tested(store: Stored, configured: Settings) -> None:
    def page(shown: Settings) -> str:
        return TestClient(made_once(store, shown), base_url="http://localhost").get("/ui").text

    assert "seep baseline set --monitor alarming --last 7 --name alarming-week-1" in page(configured)
    assert "A model that leaks nothing has 50 %" in page(configured)
    without = configured.model_copy(update={"monitors": {"new": configured.monitors["new"]}})
    assert "baseline: new-baseline" in page(without)


def test_an_overview_of_many_monitors_is_shown_a_page_at_a_time_and_the_alarm_on_the_first(
    pages_store: Stored, configured: Settings
) -> None:
    names = [f"a{number:02}" for number in range(30)]
    monitors = {**dict.fromkeys(names, configured.monitors["new"]), "alarming": configured.monitors["alarming"]}
    shown = made_once(pages_store, configured.model_copy(update={"monitors": monitors}))
    client = TestClient(shown, base_url="http://localhost")
    first, second, beyond = (client.get(f"/ui{query}").text for query in ("", "?skip=20", "?skip=1000"))
    assert [page.count("<li data-row>") for page in (first, second, beyond)] == [20, 11, 20]
    assert ['"/ui/monitors/alarming"' in page for page in (first, second)] == [True, False]
    assert all("The leakage has changed: alarming" in page and "31 monitors" in page for page in (first, second))
    assert 'rel="next" href="/ui?skip=20"' in first
    assert 'rel="prev" href="/ui"' in second
    assert all((f'"/ui/monitors/{name}"' in first) != (f'"/ui/monitors/{name}"' in second) for name in names)


def test_a_headline_names_five_monitors_and_counts_the_others(pages_store: Stored, configured: Settings) -> None:
    names = [f"other-{number}" for number in range(8)]
    late = configured.monitors["quiet"].model_copy(update={"baseline": "never-set"})
    shown = made_once(pages_store, configured.model_copy(update={"monitors": dict.fromkeys(names, late)}))
    text = TestClient(shown, base_url="http://localhost").get("/ui").text
    assert "8 monitors; 8 need attention: other-0, other-1, other-2, other-3, other-4 and 3 others" in text


def test_runs_are_found_by_the_days_on_which_they_were_sent(client: TestClient) -> None:
    today = datetime.now(UTC).date().isoformat()
    text = client.get(f"/ui/runs?sent_from={today}&sent_to={today}&suite=&text=").text
    assert ("in-progress" in text, "work-small-135m" in text) == (True, False)
    assert client.get("/ui/runs?sent_from=yesterday").status_code == 422


def test_pages_link_to_the_runbook_where_it_is_known(pages_store: Stored, configured: Settings) -> None:
    api = configured.api.model_copy(update={"runbook_url": "https://docs.example.com/runbook"})
    known = made_once(pages_store, configured.model_copy(update={"api": api}))
    text = TestClient(known, base_url="http://localhost").get("/ui/troubles").text
    assert 'href="https://docs.example.com/runbook#seeprunstalled"' in text


def test_a_monitors_charts_have_as_many_runs_as_fit_on_a_page(pages_store: Stored) -> None:
    with pages_store.snapshot() as connection:
        (point,) = points_of_monitors(connection, ["quiet"], ["all"], 1)["quiet"][:1]
    points = [
        replace(point, rate=replace(point.rate, run_id=f"run-{day}", metric=metric))
        for day in range(60)
        for metric in ("bert_score", "sentence_bert")
    ]
    shown = fitting(points)
    assert [each.rate.run_id for each in shown[::2]] == [f"run-{day}" for day in range(15, 60)]
    assert fitting(points[::2]) == points[::2]
    assert fitting([]) == []


def test_samples_page_through_all_in_either_order(client: TestClient) -> None:
    for order in ("", "margin"):
        seen = list(_links(client, f"/ui/runs/work-large-1.7b/samples?order={order}"))
        assert (len(seen), len(set(seen))) == (96, 96)


def mixed_run(client: TestClient) -> str:
    found: str = client.get("/v1/monitors/mixed").json()["status"]["latest"]["run_id"]
    return found


def _links(client: TestClient, path: str) -> Iterator[str]:
    text = client.get(path).text
    yield from re.findall(r'<header><a href="([^"]+)"', text)
    following = re.search(r'rel="next" href="([^"]+)"', text)
    if following:
        yield from _links(client, following[1].replace("&amp;", "&"))


@pytest.mark.parametrize("template", sorted(environment().list_templates()))
def test_every_template_compiles(template: str) -> None:
    environment().get_template(template)


@pytest.mark.parametrize(
    ("measures", "similarities", "said"),
    [
        ({"leak": 0.5, "tie": 1.0}, [0.4, 0.4], "tie<br>"),
        ({"leak": 1.0, "tie": 0.0}, [0.40021, 0.40012], "leaks<br>"),
        ({"leak": 1.0, "tie": 0.0}, [0.40021, 0.40012], "0.4002 with it, 0.4001 without"),
        # Ten of twenty tokens are words of the topic, and nothing ties.
        ({"leak": 0.5, "placebo": 0.0}, None, "0.5</p>"),
    ],
)
def test_a_sample_says_tie_of_ties_alone_and_what_decided(
    measures: dict[str, float], similarities: list[float | None] | None, said: str
) -> None:
    texts: dict[str, Any] = dict.fromkeys(Comparison.__annotations__, "")
    texts |= {"sample": 0, "outcomes": {"m": measures}, "similarities": {"m": similarities} if similarities else {}}
    comparison = Comparison(**texts)
    template: Any = environment().get_template("sample_parts.html").make_module()
    page = template.sides(Sample(comparison, sides(comparison, 100), ""))
    assert said in " ".join(str(page).split()).replace("<br> ", "<br>")
