"""What the site of the documents is made of holds all of them, with what they link to."""

import tomllib
from pathlib import Path

from checks.site import documents, navigation, settings, targets, write


def test_what_pages_link_to_is_beside_them(tmp_path: Path) -> None:
    write(tmp_path)
    pages = tmp_path / "pages"
    written = {path.relative_to(pages) for path in pages.rglob("*") if path.is_file()}
    assert set(documents()) <= written
    linked = {target for page in documents() for target in targets(page)}
    assert {target for target in linked if target not in written} == set()
    assert Path("docs/examples/likes.yaml") in written


def test_pages_that_are_gone_do_not_stay(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "pages" / "gone.md").write_text("gone", encoding="utf-8")
    write(tmp_path)
    assert not (tmp_path / "pages" / "gone.md").exists()


def test_the_navigation_is_that_of_the_index() -> None:
    names = [section for section, _ in navigation()]
    assert names[:3] == ["Seep", "Guides", "Concepts"]
    listed = [path for _, pages in navigation() for _, path in pages]
    assert listed[:2] == ["README.md", "docs/tutorial.md"]
    assert len(listed) == len(set(listed))
    assert [path for path in listed if not Path(path).is_file()] == []
    [nav] = [tomllib.loads(settings())["project"]["nav"]]
    assert [path for section in nav for pages in section.values() for each in pages for path in each.values()] == listed


def test_the_site_brings_nothing_of_other_servers() -> None:
    project = tomllib.loads(settings())["project"]
    assert project["theme"]["font"] is False
    assert project.keys() & {"plugins", "extra_css", "extra_javascript"} == set()
