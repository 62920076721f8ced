"""Errors that Seep's own code raises on purpose."""

from seep.characters import visible


class OneLine(Exception):
    """Its message is one line, whatever the names and values in it hold: control characters stand as escapes."""

    def __str__(self) -> str:
        return visible(super().__str__())


class InputError(OneLine):
    """What a person gave is unusable; the message is one line that names the file, the field and what was expected."""


class Unavailable(OneLine):
    """Something around the service does not answer; trying again may help. The message never holds a prompt's text."""

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        """`retry_after_seconds` says when trying again makes sense, where that is known."""
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Refused(OneLine):
    """Another system does not take what was sent, and never will; the message is one line."""


def first_line(text: str) -> str:
    """The first line of what a library says."""
    return " ".join(text.strip().partition("\n")[0].split())
