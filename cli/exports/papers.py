"""Rates as a table for a text: models by categories, in Markdown or LaTeX."""

from collections.abc import Callable, Iterator, Sequence

from cli.rendering.rates import rate_title
from results.model_table import model_names
from results.runs import RunSummary
from seep.characters import visible
from seep.records import LeakRate
from seep.shares import between, rounded

Runs = Sequence[tuple[RunSummary, Sequence[LeakRate]]]
NOT_MEASURED = "not measured"
LATEX = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        # Behind the end of a row the first two are read as a part of it; the others print as other signs.
        **{sign: f"{{{sign}}}" for sign in "[*"},
        **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"},
    }
)


def as_markdown(runs: Runs) -> str:
    """A table for each metric: a row for each run, a column for each category, in each cell rate and interval."""
    return "\n".join(_markdown(title, heads, rows) for title, heads, rows in _tables(runs, _markdown_text))


def as_latex(runs: Runs) -> str:
    """The same with the rules of the package booktabs."""
    return "\n".join(_latex(title, heads, rows) for title, heads, rows in _tables(runs, _latex_text))


def _tables(runs: Runs, text: Callable[[str], str]) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Of each metric a title, the heads and the rows; all but the figures through `text`."""
    rates = [rate for _, of_run in runs for rate in of_run]
    for metric in dict.fromkeys(rate.metric for rate in rates):
        of_metric = [rate for rate in rates if rate.metric == metric]
        categories = list(dict.fromkeys(rate.category for rate in of_metric))
        rows = [
            [text(name), *(_cell(found, metric, category) for category in categories)]
            for name, (_, found) in zip(model_names([summary for summary, _ in runs]), runs, strict=True)
        ]
        title = f"{metric}: {rate_title(of_metric)}, in %, with 95 % intervals"
        yield text(title), ["model", *map(text, categories)], rows


def _cell(rates: Sequence[LeakRate], metric: str, category: str) -> str:
    found = next((rate for rate in rates if (rate.metric, rate.category) == (metric, category)), None)
    if found is None or found.rate is None or found.low is None or found.high is None:
        return NOT_MEASURED
    return f"{rounded(found.rate, 2)} {between(found.low, found.high, 2)}"


def _markdown(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return f"**{title}**\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _markdown_text(text: str) -> str:
    shown = visible(text)
    for sign in "\\|`*_[]<>":
        shown = shown.replace(sign, f"\\{sign}")
    return shown


def _latex(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [rf"% {title}", rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}", r"\toprule", rf"{' & '.join(heads)} \\"]
    # Names have none of these signs any more, and of the figures they are the only ones.
    figures = [" & ".join(row).replace("<", LATEX[ord("<")]).replace(">", LATEX[ord(">")]) for row in rows]
    lines += [r"\midrule", *(rf"{row} \\" for row in figures), r"\bottomrule", r"\end{tabular}"]
    return "\n".join(lines) + "\n"


def _latex_text(text: str) -> str:
    return visible(text).translate(LATEX)
