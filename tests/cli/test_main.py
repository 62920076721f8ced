"""The command starts fast, and ends with one line and a code that never says drift, whatever is in its way."""

import errno
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer

from cli.command_list import PANELS
from cli.main import app
from cli.rendering.consoles import can_show_boxes
from tests.commands import Command

pytestmark = pytest.mark.slow

HEAVY = ("torch", "transformers", "sentence_transformers", "vllm", "scipy.stats")
SEEP = [sys.executable, "-m", "cli"]
# Interrupts itself once a module is looked for.
INTERRUPTED = """
import os, signal, sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
from cli.__main__ import main
sys.argv = ["seep", "suites", "list"]
main()
"""


def test_starting_the_command_imports_no_model_library() -> None:
    code = f"import sys, cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout == "[]\n"


def loaded_of(modules: Sequence[str], *arguments: str) -> str:
    """Those of the modules that a command has loaded at its end, as a list is printed."""
    code = (
        "import sys, atexit, cli.main\n"
        f"atexit.register(lambda: print([name for name in {list(modules)} if name in sys.modules]))\n"
        f"sys.argv = ['seep', *{list(arguments)}]; cli.main.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    return done.stdout.splitlines()[-1]


def test_the_help_loads_neither_settings_nor_a_client_nor_statistics_nor_a_parser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert loaded_of(("pydantic", "kafka", "numpy", "psycopg", "markdown_it"), "--help") == "[]"


def test_a_list_of_runs_loads_no_statistics_no_suites_and_nothing_that_migrates(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    assert loaded_of(("numpy", "scipy", "sqlalchemy", "alembic", "kafka", "re2", "seep.suites.schema"), "runs") == "[]"
    # They are loaded where they are needed.
    assert loaded_of(("psycopg", "pydantic"), "runs") == "['psycopg', 'pydantic']"


def test_the_line_of_each_command_is_the_first_paragraph_of_its_help() -> None:
    group = typer.main.get_command(app)
    for entries in PANELS.values():
        for name, entry in entries.items():
            first = group.commands[name].help.partition("\n\n")[0]  # type: ignore[attr-defined]
            assert " ".join(first.split()) == entry.summary, name


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("ratse", "no such command 'ratse'. Did you mean 'rates'?"),
        ("watch", "RUN: expected, but missing"),
        ("watch one two", "watch: got unexpected extra argument(s) (two)"),
        ("suites lnt", "suites: no such command 'lnt'. Did you mean 'lint'?"),
        ("completion pwsh", "SHELL: 'pwsh' is not one of 'bash', 'zsh', 'fish'."),
        ("power colours --rate much", "--rate: expected a valid number"),
        ("power colours --rate 0", "--rate: expected greater than or equal to 1"),
        ("power colours --rate", "option '--rate' requires an argument."),
        ("runs --last", "runs: no such option: --last"),
    ],
)
def test_a_usage_error_is_one_line(command: Command, arguments: str, line: str) -> None:
    code, printed, error = command(*arguments.split())
    assert error.startswith(f"seep: {line}")
    assert (code, printed, error.count("\n")) == (2, "", 1)


def test_the_version_is_the_packages(command: Command) -> None:
    declared = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert command("--version") == (0, f"seep {declared}\n", "")


def test_the_help_lists_every_command_in_its_panel(command: Command) -> None:
    code, printed, _ = command("--help")
    assert code == 0
    first_words = [line.strip("╭─│ ").split(" ")[0] for line in printed.splitlines()]
    # Without boxes there are no panels.
    expected = [word for panel, commands in PANELS.items() for word in ([panel] * can_show_boxes() + [*commands])]
    assert [word for word in first_words if word in expected] == expected


@pytest.mark.parametrize("arguments", ["", "suites"])
def test_a_command_that_needs_another_prints_its_help(command: Command, arguments: str) -> None:
    code, printed, error = command(*arguments.split())
    assert "Usage: seep" in printed
    assert (code, error) == (2, "")


@pytest.mark.parametrize("arguments", ["run", "report", "baseline list", "suites lint", "topics", "baseline"])
def test_what_takes_no_value_has_no_type_in_the_help(command: Command, arguments: str) -> None:
    code, printed, _ = command(*arguments.split(), "--help")
    assert code == 0
    assert "Show this message and exit." in printed
    assert "<bool>" not in printed


@pytest.mark.parametrize(
    ("command_name", "arguments"),
    [("rates", "RUN..."), ("cancel", "RUN"), ("baseline set", "[RUN...]"), ("dead-letters replay", "[ID]...")],
)
def test_a_usage_line_has_brackets_around_what_may_be_left_out_alone(
    command: Command, command_name: str, arguments: str
) -> None:
    _, printed, _ = command(*command_name.split(), "--help")
    [usage] = [line.strip() for line in printed.splitlines() if "Usage:" in line]
    assert usage == f"Usage: seep {command_name} [OPTIONS] {arguments}"


@pytest.mark.parametrize("arguments", ["suites list", "suites show colours", "--help"])
def test_a_reader_that_is_gone_ends_the_command_quietly_and_not_as_drift(arguments: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*SEEP, *arguments.split()], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("arguments", ["suites list", "suites show colours"])
def test_output_without_room_is_one_line_and_not_drift(arguments: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*SEEP, *arguments.split()], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        without_a_word = subprocess.run([*SEEP, "suites", "show", "none"], stderr=full, check=False)
    line = f"seep: output: cannot be written: {os.strerror(errno.ENOSPC)}\n"
    assert (done.returncode, done.stderr) == (2, line)
    assert without_a_word.returncode == 2


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "some/file"), 2, "seep: some/file: Permission denied\n"),
        (ConnectionError("no\nanswer"), 2, "seep: no answer\n"),
        (KeyboardInterrupt(), 130, ""),
        (typer.Exit(3), 3, ""),
    ],
)
def test_what_a_command_raises_decides_how_it_ends(
    command: Command, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int, line: str
) -> None:
    def fail(path: Path) -> None:
        raise raised

    monkeypatch.setattr("cli.commands.suites.lint", fail)
    assert command("suites", "lint", "colours") == (code, "", line)


def test_a_fault_of_the_commands_own_is_a_traceback_and_not_drift(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("cli.commands.suites.lint", fail)
    code, _, error = command("suites", "lint", "colours")
    assert code == 70
    assert "ZeroDivisionError" in error


@pytest.mark.parametrize("module", ["typer", "pydantic", "cli.commands.suites", "seep.suites.schema"])
def test_an_interrupt_while_modules_load_is_quiet(module: str) -> None:
    code = INTERRUPTED.format(module=module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_an_interrupt_that_is_ignored_stays_ignored() -> None:
    code = INTERRUPTED.format(module="typer")
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert (done.returncode, done.stderr) == (0, "")
