"""The section of seep.yaml that says whom the aggregator tells of what happens, and how."""

import base64
import binascii
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, HttpUrl, model_validator

from seep.errors import InputError
from seep.settings.secrets import read_secret
from seep.settings.section import Section

Destination = Literal["topic", "webhook"]
SECRET_PREFIX = "whsec_"
# As Standard Webhooks has it.
SHORTEST_SECRET_BYTES = 24


def _without_login(url: HttpUrl) -> HttpUrl:
    if url.username or url.password or url.fragment:
        raise ValueError("expected a URL without user, password and fragment")
    return url


def _without_query(url: HttpUrl) -> HttpUrl:
    if url.query:
        raise ValueError("expected a URL without query")
    return _without_login(url)


class Webhook(Section):
    """Where each event is posted to, and the secret that signs it; `secret_file` for one mounted as a file.

    No redirect is followed, and no proxy used.
    """

    url: Annotated[HttpUrl, AfterValidator(_without_login)] = Field(
        description="The address that events are posted to. It is no secret: logs may name its host."
    )
    secret: str | None = Field(
        None, repr=False, description="whsec_ and at least 24 random bytes in base64, as Standard Webhooks has it."
    )
    secret_file: Path | None = Field(None, description="A file with the secret, in the place of `secret`.")

    @model_validator(mode="after")
    def _has_a_secret(self) -> Self:
        if (self.secret is None) == (self.secret_file is None):
            raise ValueError("expected secret_file or secret, and one of them only")
        return self

    def resolved_secret(self) -> bytes:
        """The key of signatures, as it is now. Raises InputError for one that is none, without showing it."""
        if self.secret_file is None:
            field, text = "events.webhook.secret", self.secret or ""
        else:
            field = f"events.webhook.secret_file: {self.secret_file}"
            text = read_secret(self.secret_file, "events.webhook.secret_file")
        try:
            key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not text.startswith(SECRET_PREFIX) or len(key) < SHORTEST_SECRET_BYTES:
            raise InputError(f"{field}: expected whsec_ and at least {SHORTEST_SECRET_BYTES} random bytes in base64")
        return key


class Events(Section):
    """Whom the aggregator tells when a run ends, gets a verdict, raises an alarm or is overdue: nobody by default.

    Events are CloudEvents 1.0 and hold no prompt and no answer.
    """

    topic: bool = Field(False, description="Send events onto the topic `seep.events`.")
    webhook: Webhook | None = None
    source: str = Field(
        "seep", pattern=r"^[A-Za-z0-9._~:/-]{1,200}$", description="The `source` of events: which Seep says it."
    )
    pages_url: Annotated[HttpUrl, AfterValidator(_without_query)] | None = Field(
        None, description="Where people reach the API and its pages; events then link to them."
    )

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """Where events go; empty where nobody is told."""
        return (*(("topic",) if self.topic else ()), *(("webhook",) if self.webhook else ()))
