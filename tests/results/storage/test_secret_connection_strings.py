"""No part of a password stands in what is said of a connection string, however wrongly it was put."""

import traceback
from collections.abc import Callable

import pytest

from results.storage.database import connect, server_name
from results.storage.migrate import migrate
from seep.errors import InputError, Unavailable

CANARY = "kAnArY77"
HERE = "127.0.0.1:1/x"
FIELDS = "host=127.0.0.1 port=1 "
STRINGS = (
    *(f"postgresql://u:p@{CANARY}@{HERE}", f"postgresql://u:{CANARY}@{HERE}", f"postgresql://u:{CANARY}/a@{HERE}"),
    *(f"postgresql://u:p{mark}{CANARY}@{HERE}" for mark in "#?:%[/; &=+'\"\\\t\n"),
    *(f"postgresql://u:[{CANARY}@{HERE}", f"postgresql://u:{CANARY}@[{HERE}", f"postgresql://u:p@/{CANARY}@{HERE}"),
    *(f"postgresql://u:a@b@{CANARY}/x", f"postgresql://u:a@b:{CANARY}@h/x", f"postgresql://u:a/b@{CANARY}"),
    *(
        f"postgresql://u@{HERE}?password={CANARY}",
        f"postgresql://u@{HERE}?{CANARY}",
        f"postgresql://u@{HERE}?pass={CANARY}",
    ),
    *(f"{kind}://u:{CANARY}@{HERE}" for kind in ("postgres", "postgresql+psycopg", "mysql", "\ufeffpostgresql")),
    *(f"postgresql:/u:{CANARY}@{HERE}", f"postgresql//u:{CANARY}@{HERE}", f"u:{CANARY}@{HERE}", CANARY),
    *(f"{FIELDS}password='{CANARY}", f"{FIELDS}password={CANARY} x", f"{FIELDS}password=a {CANARY}"),
    *(f"{FIELDS}password=a\\ {CANARY} y", f"{FIELDS}password={CANARY}\0b", f"password={CANARY} host=a@b"),
    *(
        f"{FIELDS}{field}={CANARY}"
        for field in (
            *("connect_timeout", "sslmode", "sslrootcert", "keepalives", "tcp_user_timeout", "target_session_attrs"),
            *("load_balance_hosts", "gssencmode", "channel_binding", "require_auth", "min_protocol_version", "options"),
            *("ssl_min_protocol_version", "sslpassword", "port", "oauth_client_secret", "application_name"),
        )
    ),
)


@pytest.mark.parametrize("dsn", STRINGS)
@pytest.mark.parametrize("use", [server_name, connect, migrate])
def test_no_part_of_a_password_is_told(use: Callable[[str], object], dsn: str) -> None:
    said = ""
    try:
        use(dsn)
    except (InputError, Unavailable) as error:
        lines = traceback.format_exception(error)
        said = str(error) + "".join(line for line in lines if not line.startswith("  File"))
    assert CANARY not in said
    assert said or use is server_name
