"""Headers that an engine sends: values in the open, and secrets by the file or environment variable they are in."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from seep.settings.section import Section

Value = TypeVar("Value")

# RFC 9110, 5.1 and 5.5: a line break would begin another header.
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
VALUE = re.compile(r"[!-~]([ \t!-~]*[!-~])?")
# What the HTTP client writes itself, or how the message is read.
OWN = frozenset(
    {"accept-encoding", "connection", "content-length", "content-type", "expect", "te", "transfer-encoding"}
)
SECRET = frozenset(
    {
        *("authorization", "proxy-authorization", "cookie", "api-key", "x-api-key", "x-auth-token"),
        *("x-goog-api-key", "ocp-apim-subscription-key"),
    }
)


# Whatever it stands in: a query goes into servers' logs, and what is asked beside the prompt into a run's provenance.
SECRET_NAME = re.compile(
    r"(?:.*[-_])?(?:api[-_]?key|subscription[-_]?key|access[-_]?(?:key|token)|auth[-_]?(?:key|token)|authorization"
    r"|password|passwd|secret|cookie)|key|token|sig",
    re.IGNORECASE,
)


class Secret(Section):
    """Where a secret is: in a file or in an environment variable."""

    file: Path | None = Field(None, description="A file with the secret.")
    env: str | None = Field(None, description="The environment variable with the secret.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise ValueError("expected file or env, and one of them only")
        return self


def _named(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"expected the name of a header, found {name[:100]!r}")
    if name.lower() in OWN:
        raise ValueError(f"{name} is set by Seep itself")
    return name


def _open(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if _named(name).lower() in SECRET or SECRET_NAME.fullmatch(name):
            raise ValueError(f"{name} holds a secret: give it under secret_headers, by file or env")
        if not VALUE.fullmatch(value):
            raise ValueError(f"{name}: expected one line of visible ASCII characters")
    return headers


def open_values(values: dict[str, Value]) -> dict[str, Value]:
    """Values that are no secrets, by their names; ValueError names one that is."""
    for name in values:
        if SECRET_NAME.fullmatch(name):
            raise ValueError(f"{name[:100]} holds a secret: it goes into api_key_file or secret_headers")
    return values


def _secret(headers: dict[str, Secret]) -> dict[str, Secret]:
    for name in headers:
        _named(name)
    return headers


def _of_key(name: str) -> str:
    # A key may have been put in the place of its header's name.
    if not NAME.fullmatch(name):
        raise ValueError("expected the name of a header")
    return _named(name)


HeaderName = Annotated[str, AfterValidator(_of_key)]
Headers = Annotated[dict[str, str], AfterValidator(_open)]
SecretHeaders = Annotated[dict[str, Secret], AfterValidator(_secret)]


def repeated(*headers: Iterable[str]) -> str | None:
    """A name that stands in more than one place; names of headers are the same in any case."""
    seen: set[str] = set()
    for name in (name.lower() for names in headers for name in names):
        if name in seen:
            return name
        seen.add(name)
    return None
