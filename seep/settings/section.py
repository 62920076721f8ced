"""What every section of seep.yaml has in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]


class Section(BaseModel):
    """A part of seep.yaml: unknown keys are refused, so that a typing error is never a silent default."""

    # Built as part of the whole alone: to build each section first takes a good part of a short command.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
