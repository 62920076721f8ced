"""Certificates that tests' own servers show."""

import ssl
import subprocess
from pathlib import Path


def own_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that is its own authority, and its key."""
    certificate, key = folder / "tls.crt", folder / "tls.key"
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    where = ["-addext", "subjectAltName=DNS:localhost", "-out", str(certificate), "-keyout", str(key)]
    subprocess.run([*new, *where], check=True, capture_output=True)
    return certificate, key


def serving_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What a server with this certificate wraps its socket by."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
