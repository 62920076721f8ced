"""Which names can be kept, and how."""

from seep.job_limits import LONGEST_NAME_BYTES

NUL, IN_ITS_PLACE = "\0", "\ufffd"


def without_nul(text: str) -> str:
    """The text with U+FFFD for U+0000, which models do write and PostgreSQL's text and jsonb refuse."""
    return text.replace(NUL, IN_ITS_PLACE)


def is_name(text: str) -> bool:
    """Whether something may be called so."""
    return len(without_nul(text).encode()) <= LONGEST_NAME_BYTES


def is_identifier(text: str) -> bool:
    """Whether a run, a job or a test of this name can be told from others."""
    return bool(text) and is_name(text)
