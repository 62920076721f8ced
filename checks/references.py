"""The pages of docs/reference, and the picture of the leak rate, that are made from the code.

`python -m checks.references` writes them; with `--check` it names those that are not what the code says, and ends
with 1 where there is any.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from checks import (
    chart_values_reference,
    cli_reference,
    configuration_reference,
    http_api_reference,
    leak_rate_picture,
    metrics_reference,
    suites_reference,
)

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/concepts/leak-rate.svg": leak_rate_picture.picture,
    "docs/reference/chart-values.md": chart_values_reference.page,
    "docs/reference/cli.md": cli_reference.page,
    "docs/reference/configuration.md": configuration_reference.page,
    "docs/reference/http-api.md": http_api_reference.page,
    "docs/reference/metrics.md": metrics_reference.page,
    "docs/reference/suites.md": suites_reference.page,
}


def main(arguments: list[str]) -> int:
    """Writes or checks the pages; returns the process's exit code."""
    differing = [Path(name) for name, page in PAGES.items() if _text(Path(name)) != page()]
    if arguments == ["--check"]:
        for path in differing:
            print(f"{path}: not what the code says: run python -m checks.references")
        return 1 if differing else 0
    for path in differing:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PAGES[str(path)](), encoding="utf-8")
    return 0


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
