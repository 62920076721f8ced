"""A report as a comment on a pull request: short, with a mark by which a later one takes its place."""

import html
import re

from cli.reports.gathering import Report, RunReport
from results.comparison import CellVerdict
from results.rates import ALL
from seep.characters import visible
from services.api.ui import words
from services.api.ui.compare import FlipRow

MARK = "<!-- seep report -->"
LONGEST = 60_000
MOST_ROWS = 40
MOST_CHARACTERS = 300


def as_markdown(report: Report, texts: bool) -> str:
    """The comment's text, of 60,000 characters at most; `texts` says whether it may hold prompts and answers."""
    parts = [MARK]
    for of_run in report.runs:
        parts += [*_verdict(of_run, report.baseline), *_rates(of_run), *_cells(of_run)]
        parts += _flips(of_run, texts)
    parts.append("\n50 % is no leakage; brackets are 95 % intervals; effects are run less baseline, in points.")
    whole = "\n".join(parts) + "\n"
    cut = "\n\nCut here: the report as HTML has the rest.\n"
    return whole if len(whole) <= LONGEST else whole[: LONGEST - len(cut)].rpartition("\n")[0] + cut


def _verdict(of_run: RunReport, baseline: str | None) -> list[str]:
    run, comparison = of_run.run, of_run.comparison
    lines = [f"## {escaped(run.run_id)}: {escaped(run.suite)} on {escaped(run.target)}, {run.state}", ""]
    if comparison:
        because = f", since {escaped(comparison.reason)}" if comparison.reason else ""
        said = words.VERDICTS[comparison.verdict]
        lines.append(f"**{comparison.verdict}**: {said} against the baseline {escaped(baseline or '')}{because}")
    elif of_run.refused:
        lines.append(f"**Not compared.** {escaped(of_run.refused)}")
    if not of_run.run.measured:
        lines.append(escaped(words.why_no_rate(run)))
    return [*lines, ""]


def _rates(of_run: RunReport) -> list[str]:
    overall = [rate for rate in of_run.rates if rate.category == ALL] or list(of_run.rates)[:MOST_ROWS]
    if not overall:
        return []
    lines = ["| metric | category | rate, % | 95 % | remarks |", "|---|---|---:|---|---|"]
    for rate in overall:
        between = "" if rate.rate is None else f"[{words.percent(rate.low)}, {words.percent(rate.high)}]"
        shown = "not measured" if rate.rate is None else words.percent(rate.rate)
        doubts = escaped("; ".join(words.doubts(rate, of_run.run)))
        lines.append(f"| {escaped(rate.metric)} | {escaped(rate.category)} | {shown} | {between} | {doubts} |")
    return [*lines, ""]


def _cells(of_run: RunReport) -> list[str]:
    if not of_run.comparison:
        return []
    cells = sorted(of_run.comparison.cells, key=lambda cell: cell.verdict == "ok")
    lines = ["| metric | category | effect | 95 % | adjusted p | verdict |", "|---|---|---:|---|---:|---|"]
    lines += [_cell(cell) for cell in cells[:MOST_ROWS]]
    if len(cells) > MOST_ROWS:
        lines += ["", f"{len(cells) - MOST_ROWS} more rows are in the HTML report."]
    return [*lines, ""]


def _cell(cell: CellVerdict) -> str:
    between = "" if cell.low is None else f"[{words.points(cell.low)}, {words.points(cell.high)}]"
    names = f"| {escaped(cell.metric)} | {escaped(cell.category)} | {words.points(cell.effect)} | {between} "
    return f"{names}| {words.p_value(cell.adjusted_p)} | {cell.verdict} |"


def _flips(of_run: RunReport, texts: bool) -> list[str]:
    if of_run.comparison is None:
        return []
    lines: list[str] = []
    flips: object = of_run.shown.get("flips", [])
    for counts, rows in flips:  # type: ignore[attr-defined]  # what of_comparison makes
        lines += [f"<details><summary>Tests that moved most under {html.escape(counts.metric)}</summary>", ""]
        lines += [words.moved(counts, of_run.comparison.verdict), ""]
        for row in rows:
            lines += _flip(row, texts)
        lines += ["</details>", ""]
    return lines


def _flip(row: FlipRow, texts: bool) -> list[str]:
    flip = row.flip
    named = f"category {escaped(flip.category)}, job {escaped(flip.job_id)}"
    concept = f"{escaped(row.after.concept)}, " if texts and row.after else ""
    lines = [f"- {concept}{named}: {words.was_and_is(flip)}"]
    if texts and row.before and row.after:
        lines += ["", *_quoted("before", row.before.generation), *_quoted("now", row.after.generation)]
    return lines


def _quoted(name: str, text: str) -> list[str]:
    """A model's words where nothing in them is Markdown or HTML."""
    shown = "\n  ".join(visible(line) for line in text[:MOST_CHARACTERS].splitlines())
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"  {name}:", "", f"  {fence}text", f"  {shown}", f"  {fence}", ""]


def escaped(text: str) -> str:
    """A name in which nothing is Markdown or HTML, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~@&])", r"\\\1", visible(text)[:MOST_CHARACTERS])
