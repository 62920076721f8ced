"""A real PgBouncer in transaction mode, where each transaction may be on another connection."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deploy.local.broker import free_port
from tests.waiting import wait_until

BINARY = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
MISSING = "pgbouncer is not installed; Debian has it as pgbouncer"


@contextmanager
def pooled(dsn: str, folder: Path, connections: int = 2) -> Iterator[str]:
    """The DSN of the same database behind a pooler with so many connections to it."""
    assert BINARY is not None, MISSING
    said = {field: str(value) for field, value in conninfo_to_dict(dsn).items()}
    port, name = free_port(), said.get("dbname") or said["user"]
    place = " ".join(f"{field}={said[field]}" for field in ("host", "port", "user") if said.get(field))
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n{name} = {place} dbname={name}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {connections}\n"
        "max_client_conn = 50\n"
    )
    # It refuses to be root; the server's own user reaches its socket.
    user = ["-u", Path(said["host"]).owner()] if os.geteuid() == 0 else []
    with (folder / "pgbouncer.log").open("w") as log:
        pooler = subprocess.Popen([BINARY, "-q", *user, settings], stdout=log, stderr=log)
    through = make_conninfo(host="127.0.0.1", port=port, dbname=name, user=said["user"])
    try:
        wait_until(lambda: _answers(through))
        yield through
    finally:
        pooler.kill()
        pooler.wait()


def _answers(dsn: str) -> bool:
    try:
        with psycopg.connect(dsn):
            return True
    except psycopg.OperationalError:
        return False
