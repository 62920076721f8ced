"""Reads results over the HTTP API, for notebooks and scripts: runs and rates as records, which draw themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from results.reach import RateWithReach
from results.runs import RunSummary
from seep.errors import InputError, Unavailable
from seep.shares import rounded

MOST_ON_A_PAGE = 200
WIDTH, HEIGHT = 220, 14
Row = TypeVar("Row")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Records(Sequence[Row], Generic[Row]):
    """What the API answered, in its order; `pandas.DataFrame(records.rows())` makes a table of it."""

    found: tuple[Row, ...]

    def __getitem__(self, index: Any) -> Any:
        return self.found[index]

    def __len__(self) -> int:
        return len(self.found)

    def rows(self) -> list[dict[str, Any]]:
        """Each record as a flat mapping of its fields, and of the shares of its measures in percent."""
        return [dict(_flat(record)) for record in self.found]


def _flat(record: Any) -> Iterator[tuple[str, Any]]:
    for name, value in asdict(record).items():
        if name == "measures":
            yield from ((measure, estimate["share"]) for measure, estimate in value.items())
        else:
            yield name, value


class Runs(Records[RunSummary]):
    """Runs, newest first."""

    def _repr_html_(self) -> str:
        names = ("run_id", "suite", "target", "state", "recorded", "missing")
        return _table(names, [[escape(str(getattr(run, name))) for name in names] for run in self.found])


class Rates(Records[RateWithReach]):
    """The rates of a run in percent, with their 95 % intervals."""

    def _repr_html_(self) -> str:
        heads = ("metric", "category", "rate", "95 % interval", "0 to 100 %; the line is 50 %", "clusters", "missing")
        return _table(heads, [_cells(rate) for rate in self.found])


@dataclass(frozen=True)
class _Page:
    runs: tuple[RunSummary, ...]
    next: str | None


@dataclass(frozen=True)
class _Run:
    summary: RunSummary


@dataclass(frozen=True)
class Seep:
    """The API at an address; each method raises InputError for what cannot be asked, Unavailable where nobody answers.

    `http` holds the address and the token: `connect` makes both.
    """

    http: httpx.Client

    def runs(self, limit: int = 50, **filters: str) -> Runs:
        """The newest runs; filters are those of `GET /v1/runs`: target, suite, monitor, label, state, text."""
        found: list[RunSummary] = []
        after: str | None = None
        while len(found) < limit:
            size = min(limit - len(found), MOST_ON_A_PAGE)
            page = self._get(_Page, "/v1/runs", **filters, after=after, limit=size)
            found += page.runs
            after = page.next
            if after is None or not page.runs:
                break
        return Runs(tuple(found))

    def run(self, run_id: str) -> RunSummary:
        """One run."""
        return self._get(_Run, f"/v1/runs/{quote(run_id, safe='')}").summary

    def rates(self, run_id: str, by: Literal["category", "concept"] = "category", pool: Sequence[str] = ()) -> Rates:
        """A run's rates by metric and category, pools such as "1,2" last."""
        path = f"/v1/runs/{quote(run_id, safe='')}/rates"
        return Rates(self._get(tuple[RateWithReach, ...], path, by=by, pool=list(pool)))

    def _get(self, kind: type[Answer], path: str, **parameters: Any) -> Answer:
        wanted = {name: value for name, value in parameters.items() if value not in (None, [])}
        place = self.http.base_url.copy_with(userinfo=b"")
        try:
            response = self.http.get(path, params=wanted)
        except httpx.HTTPError as error:
            raise Unavailable(f"{place}: no answer ({type(error).__name__})") from error
        if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise Unavailable(f"{place}: {_detail(response)}")
        if not response.is_success:
            raise InputError(f"{path}: {_detail(response)}")
        try:
            return TypeAdapter(kind).validate_json(response.content, strict=False)
        except ValidationError as error:
            raise InputError(f"{path}: no answer of Seep's API") from error


def connect(address: str = "http://localhost:8000", token: str | None = None) -> Seep:
    """The API at an address, as `make stack` or `seep ui` print it, without `/v1` or `/ui`.

    Raises InputError for what is no address, and for a token that no header can hold.
    """
    if not (token or "").isascii() or not (token or "").isprintable():
        raise InputError("token: expected printable ASCII characters")
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if not address.startswith(("http://", "https://")):
        raise InputError("address: expected one such as http://localhost:8000")
    try:
        return Seep(httpx.Client(base_url=address, headers=headers, timeout=30))
    except httpx.InvalidURL as error:
        raise InputError("address: expected one such as http://localhost:8000") from error


def _detail(response: httpx.Response) -> str:
    """The API's own line on what is wrong; of another server its status alone."""
    try:
        return f"{response.json()['detail']}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return f"HTTP {response.status_code}, and no answer of Seep's API"


def _cells(rate: RateWithReach) -> list[str]:
    if rate.rate is None or rate.low is None or rate.high is None:
        shown = ["not measured", "", ""]
    else:
        share, low, high = (escape(rounded(percent, 2)) for percent in (rate.rate, rate.low, rate.high))
        ends = f"{low} to {high}"
        shown = [share, ends, _picture(rate.rate, rate.low, rate.high, ends)]
    return [escape(rate.metric), escape(rate.category), *shown, str(rate.clusters), str(rate.missing)]


def _picture(rate: float, low: float, high: float, ends: str) -> str:
    """An interval with its rate on a line from 0 to 100 %, for a screen reader as `ends`."""
    left, right, point, half = (f"{share * WIDTH / 100:.1f}" for share in (low, high, rate, 50))
    middle = HEIGHT / 2
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{ends} %">'
        f'<line x1="{half}" x2="{half}" y1="0" y2="{HEIGHT}" stroke="#999"/>'
        f'<line x1="{left}" x2="{right}" y1="{middle}" y2="{middle}" stroke="currentColor" stroke-width="2"/>'
        f'<circle cx="{point}" cy="{middle}" r="4" fill="currentColor"/></svg>'
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
