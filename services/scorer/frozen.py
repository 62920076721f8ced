"""Frozen pairs of texts and their similarities: what the canary and the bounds of low precision are taken from."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.scorer.similarity import Pair

_FROZEN = json.loads(Path(__file__).with_name("canary.json").read_text(encoding="utf-8"))

PAIRS: Sequence[Pair] = [(concept, text) for concept, text in _FROZEN["pairs"]]

# By kind, score and model, as the models' own libraries computed them, in float32, one pair at a time; 0 where a model
# knows nothing of a text.
SIMILARITIES: Mapping[str, Sequence[float]] = _FROZEN["similarities"]
