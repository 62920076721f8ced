"""The scripts that complete the command, as the shells run them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import Command

COMPLETE = """
eval "$(seep completion bash)"
COMP_WORDS=({words}); COMP_CWORD={position}
_seep_completion seep
echo "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def shell_environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which `seep` is this tree's command."""
    command = tmp_path / "seep"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("seep exa", ["examples"]),
        ("seep language ma", ["matrix"]),
        ("seep compare --allow", ["--allow-different"]),
        ("seep completion z", ["zsh"]),
    ],
)
def test_bash_completes_commands_options_and_values(
    shell_environment: dict[str, str], words: str, completions: list[str]
) -> None:
    script = COMPLETE.format(words=words, position=len(words.split()) - 1)
    done = subprocess.run(
        ["bash", "-c", script], env=shell_environment, capture_output=True, text=True, timeout=300, check=True
    )
    assert (done.stdout.split(), done.stderr) == (completions, "")


@pytest.mark.parametrize(("shell", "line"), [("zsh", "compdef _seep_completion seep"), ("fish", "--command seep")])
def test_the_other_shells_scripts_are_printed(command: Command, shell: str, line: str) -> None:
    code, printed, complaint = command("completion", shell)
    assert (code, complaint) == (0, "")
    assert line in printed
