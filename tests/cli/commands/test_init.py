"""A folder to begin with: its configuration and suite are sound, and nothing that is there is lost."""

from pathlib import Path

import pytest

from seep.settings import load_settings
from seep.suites.loading import load_suite
from tests.commands import Command


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEP_CONFIG", raising=False)


def test_what_is_written_is_sound(command: Command) -> None:
    code, printed, complaint = command("init", "mine")
    assert (code, complaint) == (0, "")
    assert "next: put your server into seep.yaml, then cd mine; seep check --target mine" in printed
    assert load_settings(Path("mine/seep.yaml")).targets["mine"].engine == "mine"
    assert command("suites", "lint", "mine/suites/first.yaml") == (0, "no findings\n", "")
    suite = load_suite(Path("mine/suites/first.yaml"))
    assert len(suite.jobs) >= 10
    assert all(job.neutral for job in suite.jobs)


def test_what_is_commented_out_is_sound_too(command: Command) -> None:
    command("init")
    text = Path("seep.yaml").read_text(encoding="utf-8")
    lines = [
        line.replace("# ", "", 1) if line.lstrip().startswith(("# monitors", "#   ", "# careful", "# api")) else line
        for line in text.splitlines()
    ]
    Path("seep.yaml").write_text("\n".join(lines), encoding="utf-8")
    settings = load_settings(Path("seep.yaml"))
    assert (settings.monitors["nightly"].target, settings.targets["careful"].engine) == ("mine", "mine")


@pytest.mark.parametrize("there", ["seep.yaml", "suites/first.yaml"])
def test_nothing_that_is_there_is_written_over(command: Command, there: str) -> None:
    Path(there).parent.mkdir(exist_ok=True)
    Path(there).write_text("mine", encoding="utf-8")
    line = f"seep: {there}: is there already; nothing is written over it, and nothing was written\n"
    assert command("init") == (2, "", line)
    assert Path(there).read_text(encoding="utf-8") == "mine"
    assert [path.name for path in Path().rglob("*.yaml")] == [Path(there).name]


def test_a_folder_that_cannot_be_made_is_a_line(command: Command) -> None:
    Path("file").write_text("", encoding="utf-8")
    code, printed, complaint = command("init", "file")
    assert (code, printed, complaint.count("\n")) == (2, "", 1)
