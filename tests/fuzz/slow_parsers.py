"""The parsers of what comes from outside whose modules bring a model's libraries along."""

from collections.abc import Mapping
from pathlib import Path

from kserve.constants.constants import INFERENCE_CONTENT_LENGTH_HEADER
from kserve.errors import InvalidInput

from seep.errors import InputError
from services.generator.activations.difference_file import read_difference
from services.scorer.kserve_http import _parse_v1, _parse_v2
from services.scorer.kserve_model import _pairs
from services.scorer.rescaling import read_baseline
from tests.fuzz import seeds
from tests.fuzz.parser import Parser, from_file

MOST_PAIRS = 4


def read_prediction(data: bytes) -> None:
    """A request of KServe's first protocol, up to its pairs."""
    _pairs(_parse_v1(data, {}, "n"), MOST_PAIRS)


def read_inference(data: bytes) -> None:
    """One of the second, whose tensors stand in its JSON, or behind it."""
    json_part = data.partition(b"\n")[0]
    try:
        _pairs(_parse_v2(data, {INFERENCE_CONTENT_LENGTH_HEADER: str(len(json_part) + 1)}, "n"), MOST_PAIRS)
    except InvalidInput:
        _pairs(_parse_v2(data, {}, "n"), MOST_PAIRS)


def _difference(path: Path) -> object:
    return read_difference(path, "sha256-1", hidden=3, layers=4)


SLOW_PARSERS: Mapping[str, Parser] = {
    "difference": Parser(from_file(".json", _difference), InputError, (seeds.DIFFERENCE,)),
    "baseline": Parser(from_file(".csv", lambda path: read_baseline("m", path, 5)), InputError, (seeds.BASELINE,)),
    "prediction": Parser(read_prediction, InvalidInput, (seeds.INSTANCES,)),
    "inference": Parser(read_inference, InvalidInput, (seeds.TENSORS, seeds.TENSORS_BEHIND)),
}
SLOW_DOCUMENTS = ("difference", "prediction", "inference")
