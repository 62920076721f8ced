"""What the site of the documents is made of: each document where it lies in the project, so that all links hold.

`python -m checks.site FOLDER` writes the pages, what they link to, and Zensical's configuration; `make site` builds it.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

INDEX = Path("docs/README.md")
PAGES = "pages"
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|srcset=\"([^\"]+)\"|<img [^>]*src=\"([^\"]+)\"")
ENTRY = re.compile(r"^- \[([^\]]+)\]\(([^)#]+)\)")
# No font, script or picture of anybody else's; the plugin `offline` would bring a script of another server.
SETTINGS = """[project]
site_name = "Seep"
docs_dir = "{pages}"
site_dir = "html"
use_directory_urls = false
nav = [
{nav}
]

[project.theme]
font = false
features = ["navigation.tabs", "navigation.indexes", "content.code.copy", "toc.follow"]

[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"

[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
"""


def documents() -> list[Path]:
    """The Markdown that readers are led to: from the README on, whatever is linked."""
    found: list[Path] = []
    waiting = [Path("README.md"), INDEX]
    while waiting:
        page = waiting.pop()
        if page not in found:
            found.append(page)
            waiting += [target for target in targets(page) if target.suffix == ".md"]
    return sorted(found)


def targets(page: Path) -> Iterator[Path]:
    """The files of the project that a page links to or shows."""
    for groups in LINK.findall(page.read_text(encoding="utf-8")):
        target = next(filter(None, groups))
        if "://" not in target and not target.startswith("mailto:"):
            yield _within(page.parent / target)


def navigation() -> list[tuple[str, list[tuple[str, str]]]]:
    """The sections of the index of documents with their pages, by name."""
    sections: list[tuple[str, list[tuple[str, str]]]] = [("Seep", [("Seep", "README.md")])]
    for line in INDEX.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            sections.append((line.removeprefix("## ").partition(":")[0], []))
        elif entry := ENTRY.match(line):
            sections[-1][1].append((entry[1], str(_within(INDEX.parent / entry[2]))))
    return sections


def settings() -> str:
    """Zensical's configuration."""
    lines = []
    for section, pages in navigation():
        inner = ", ".join(f"{{{json.dumps(name)} = {json.dumps(path)}}}" for name, path in pages)
        lines.append(f"  {{{json.dumps(section)} = [{inner}]}},")
    return SETTINGS.format(pages=PAGES, nav="\n".join(lines))


def write(folder: Path) -> None:
    """Writes all of it into a folder, whose earlier pages go."""
    shutil.rmtree(folder / PAGES, ignore_errors=True)
    for page in documents():
        for path in (page, *filter(Path.is_file, targets(page))):
            (folder / PAGES / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / PAGES / path)
    (folder / "zensical.toml").write_text(settings(), encoding="utf-8")


def _within(path: Path) -> Path:
    """A path without `..`, from the project's folder."""
    return path.resolve().relative_to(Path.cwd())


if __name__ == "__main__":
    write(Path(sys.argv[1]))
