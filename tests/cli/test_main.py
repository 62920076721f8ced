"""The command starts fast: what a client command does not need is not imported."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "sentence_transformers", "vllm", "scipy.stats")


def test_starting_the_command_imports_no_model_library() -> None:
    code = f"import sys, cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "[]\n"
