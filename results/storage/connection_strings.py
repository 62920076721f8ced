"""Connection strings of PostgreSQL: no part of a password may be taken for a host, and none is ever shown."""

import re
from collections.abc import Iterator, Mapping

from seep.errors import InputError

SECRET_FIELDS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
# What says which server is meant.
SHOWN_FIELDS = ("host", "hostaddr", "port", "dbname", "user", "service")
HIDDEN = "***"


def check_fields(said: Mapping[str, object]) -> None:
    """Refuses a string of which a password is taken for something else, as one with an @ in it that is not escaped."""
    host, port, name = (str(said.get(field) or "") for field in ("host", "port", "dbname"))
    if "@" in host or not re.fullmatch(r"[0-9,]*", port) or ("@" in name and "/" in name):
        what = "expected a password with %40 for @, %2F for / and %3A for :"
        raise InputError(f"database.dsn: not a PostgreSQL connection string: {what}")


def without_secrets(message: str, said: Mapping[str, object]) -> str:
    """The message with *** in the place of what a connection string keeps secret, or hands to the server unread."""
    for secret in sorted(set(_secrets(said)), key=len, reverse=True):
        message = message.replace(secret, HIDDEN)
    # A part of a password that is not quoted may have become the value of any other field.
    for field, value in said.items():
        if field not in SHOWN_FIELDS:
            message = re.sub(rf"""(["']){re.escape(str(value))}\1""", rf"\1{HIDDEN}\1", message)
    return message


def _secrets(said: Mapping[str, object]) -> Iterator[str]:
    for field in SECRET_FIELDS:
        if said.get(field):
            yield str(said[field])
    for word in str(said.get("options") or "").split():
        # Of a setting its name may be shown: the server says which one it does not know.
        name, _, value = word.partition("=")
        if value or not name.startswith("-"):
            yield value or name
