"""A mean difference as a file, so that a base is steered by it where its fine-tune is not."""

import hashlib
import json
import math
from pathlib import Path
from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from seep.errors import InputError
from seep.explanations import explained
from seep.paths import expanded
from seep.suites.json_texts import parse_json
from seep.text_files import read_text
from services.generator.activations.differences import Differences
from services.generator.activations.geometry import common_direction

CONTENT = "sha256-"


class DifferenceFile(BaseModel):
    """The mean difference over all positions but the first, after `layer` of the model whose revision is `base`.

    `usual_length` is the mean length of the fine-tune's states.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    base: Annotated[str, Field(min_length=1)]
    layer: Annotated[int, Field(ge=0)]
    usual_length: Annotated[float, Field(gt=0)]
    difference: Annotated[tuple[float, ...], Field(strict=False, min_length=1)]

    @property
    def direction(self) -> Tensor:
        """Float64 [hidden]."""
        return torch.tensor(self.difference, dtype=torch.float64)

    @property
    def revision(self) -> str:
        """A hash of all of it."""
        return f"{CONTENT}{hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]}"


def difference_text(found: Differences, base_revision: str) -> str | None:
    """The file's content; None where the difference has no length, and points nowhere."""
    if not float(common_direction(found).norm()) > 0:
        return None
    record = DifferenceFile(
        base=base_revision,
        layer=found.layer,
        usual_length=found.usual_norm,
        difference=tuple(common_direction(found).tolist()),
    )
    return json.dumps(record.model_dump()) + "\n"


def read_difference(file: Path, base_revision: str, hidden: int, layers: int) -> DifferenceFile:
    """The difference in a file, for a base of this revision and size.

    Raises InputError, naming the file, for one that cannot be read, or is of another base.
    """
    try:
        found = DifferenceFile.model_validate(parse_json(read_text(expanded(file)), str(file)))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(step) for step in first["loc"])
        expected = "expected what `seep traces --out` writes"
        raise InputError(f"{file}: {f'{field}: ' if field else ''}{explained(first)}; {expected}") from error
    # A folder's content cannot be told from a commit on a hub.
    if found.base.startswith(CONTENT) == base_revision.startswith(CONTENT):
        _unless(found.base == base_revision, file, f"base: it is of another base: of {found.base}, not {base_revision}")
    size, length = len(found.difference), float(found.direction.norm())
    _unless(size == hidden, file, f"difference: expected {hidden} numbers, as the base's states have, found {size}")
    _unless(found.layer < layers, file, f"layer: expected less than {layers}, the base's layers, found {found.layer}")
    _unless(0 < length < math.inf, file, "difference: expected a length, found none: it points nowhere")
    return found


def _unless(fits: bool, file: Path, message: str) -> None:
    if not fits:
        raise InputError(f"{file}: {message}")
