"""Where the configuration sends secrets in the clear, or to whoever answers: said once, at the start."""

from collections.abc import Iterator
from ipaddress import ip_address

from seep.settings import OpenAiEngine, Settings


def exposures(settings: Settings) -> list[str]:
    """A line for each field whose secrets, or whose events, others on the way may read."""
    return [*_engines(settings), *_kafka(settings), *_webhook(settings)]


def _webhook(settings: Settings) -> Iterator[str]:
    webhook = settings.events.webhook
    if webhook is not None and webhook.url.scheme == "http" and not is_local(webhook.url.host or ""):
        yield "events.webhook.url: events are sent in the clear; https would protect them, and ask who takes them"


def is_local(host: str) -> bool:
    """Whether nothing that is sent to a host leaves this machine; an empty one and a path name a local socket."""
    if not host or host.startswith(("/", "@")) or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _engines(settings: Settings) -> Iterator[str]:
    for name, engine in settings.engines.items():
        if not isinstance(engine, OpenAiEngine):
            continue
        has_secret = engine.api_key_file or engine.api_key_env or engine.secret_headers
        if has_secret and engine.base_url.scheme == "http" and not is_local(engine.base_url.host or ""):
            yield f"engines.{name}.base_url: the key is sent in the clear; https would protect it"


def _kafka(settings: Settings) -> Iterator[str]:
    kafka = settings.kafka
    hosts = [broker.rpartition(":")[0] for broker in kafka.bootstrap_servers.split(",")]
    if (
        kafka.security_protocol == "SASL_PLAINTEXT"
        and kafka.sasl_mechanism in ("PLAIN", "OAUTHBEARER")
        and not all(map(is_local, hosts))
    ):
        secret = "password" if kafka.sasl_mechanism == "PLAIN" else "token"
        yield f"kafka.security_protocol: the {secret} is sent in the clear; SASL_SSL would protect it"
