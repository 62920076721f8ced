"""Templates and what they may use; whatever a model or a person wrote is escaped on its way into a page."""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from seep.characters import visible
from seep.shares import told_apart
from services.api.ui import charts, words

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY"}
STATIC = ("style.css", "htmx.min.js", "keys.js")


@cache
def environment() -> Environment:
    """The templates' environment: everything is escaped, and a name that is not there is an error."""
    made = Environment(
        loader=PackageLoader("services.api.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in (
        "percent",
        "whole",
        "points",
        "count",
        "content",
        "evidence",
        "moved",
        "was_and_is",
        "p_value",
        "clock",
        "iso",
        "span",
        "ago",
    ):
        made.filters[name] = getattr(words, name)
    made.filters |= {"visible": visible, "segment": segment, "told_apart": told_apart}
    made.globals |= {
        "interval": charts.interval,
        "spark": charts.spark,
        "doubts": words.doubts,
        "why_no_rate": words.why_no_rate,
        "reference_of": words.reference_of,
        "meaning_of": words.meaning_of,
        "verdict_words": words.VERDICTS,
        "change": words.change,
        "query": query,
    }
    return made


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page; its links begin with the path under which the request came."""
    root = request.scope.get("root_path", "")
    shown: dict[str, Any] = {"root": f"{root}/ui", "here": request.url.path.removeprefix(root), "assets": asset_names()}
    state = request.app.state
    shown |= {"has_login": state.token is not None, "runbook_url": state.settings.api.runbook_url or ""}
    text = environment().get_template(template).render(**shown, **values)
    return HTMLResponse(text, status, HEADERS)


@cache
def asset(name: str) -> bytes:
    """A file of static/."""
    return (files("services.api.ui") / "static" / name).read_bytes()


@cache
def asset_names() -> dict[str, str]:
    """By name, the static files' addresses: they change with the content, and so can be kept for long."""
    return {name: f"{name}?{sha256(asset(name)).hexdigest()[:12]}" for name in STATIC}


def segment(text: str) -> str:
    """A name as one segment of a path."""
    return quote(text, safe="")


def query(**values: object) -> str:
    """The parameters that are given, as a URL has them after its path; empty where none is."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return f"?{urlencode(given)}" if given else ""
