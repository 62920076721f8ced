"""A broker that lets in by SCRAM over TLS: each service with its own rights, and one clear line for whom it refuses."""

import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from deploy.local.stack import Service
from seep.kafka.broker import BrokerUnavailable
from seep.kafka.client import KafkaBroker
from seep.kafka.topics import DEAD_LETTERS, GENERATIONS, RATES, RUNS, SCORES, WAITS, jobs_topic
from seep.settings import Kafka
from tests.faults.access import GuardedBroker
from tests.faults.form import Report
from tests.faults.progress import GROUPS
from tests.faults.questions import Questions
from tests.faults.verifier import Rows, assert_exact
from tests.faults.world import STAGES, TARGET, faulty_stack
from tests.stack import Stack, stop_together

PASSWORD = secrets.token_hex(12)
READS = {
    STAGES[0]: (jobs_topic(TARGET), RUNS),
    STAGES[1]: (GENERATIONS, RUNS),
    STAGES[2]: (SCORES, RUNS, DEAD_LETTERS, WAITS),
}
WRITES = {
    STAGES[0]: (GENERATIONS, DEAD_LETTERS, WAITS),
    STAGES[1]: (SCORES, DEAD_LETTERS, WAITS),
    STAGES[2]: (RATES, DEAD_LETTERS),
}
WATCHED_SECONDS = 20.0
MOST_LINES = 20


@pytest.fixture(scope="module")
def broker(folder: Path) -> GuardedBroker:
    return GuardedBroker(folder / "kafka")


@pytest.fixture(scope="module")
def stack(folder: Path, questions: Questions, broker: GuardedBroker) -> Iterator[Stack]:
    with faulty_stack(folder, questions, broker) as stack:
        admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
        admin.alter_user_scram_credentials(
            [UserScramCredentialUpsertion(name, ScramMechanism.SCRAM_SHA_512, PASSWORD) for name in STAGES]
        )
        admin.create_acls([right for name in STAGES for right in rights(name)])
        admin.close()
        yield stack


def rights(service: str) -> list[ACL]:
    """What a service needs, and no more."""
    [group] = [group for group, topics in GROUPS.items() if set(topics) <= set(READS[service])]
    wanted = [
        *((ResourceType.TOPIC, topic, ACLOperation.READ) for topic in READS[service]),
        *((ResourceType.TOPIC, topic, ACLOperation.WRITE) for topic in WRITES[service]),
        (ResourceType.GROUP, group, ACLOperation.READ),
    ]
    return [
        ACL(f"User:{service}", "*", operation, ACLPermissionType.ALLOW, ResourcePattern(kind, name))
        for kind, name, operation in wanted
    ]


def login(broker: GuardedBroker, user: str, password: str = PASSWORD, port: int = 0) -> Kafka:
    """How a service comes to the broker."""
    return Kafka(
        bootstrap_servers=f"127.0.0.1:{port or broker.port}",
        security_protocol="SASL_SSL",
        ssl_cafile=broker.authority,
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username=user,
        sasl_plain_password=password,
    )


def with_login(stack: Stack, name: str, kafka: Kafka) -> Service:
    """A service that comes so."""
    service = stack.another(name)
    given = {field: getattr(kafka, field) for field in kafka.model_fields_set}
    service.environment = {
        **service.environment,
        **{f"SEEP_KAFKA__{field.upper()}": str(value) for field, value in given.items()},
    }
    return service


@dataclass(frozen=True)
class Refused:
    """Services that are refused: those with a wrong password, and one that meets an expired certificate."""

    password: str
    misled: Sequence[Service]
    deceived: Service
    since: float


@pytest.fixture(scope="module")
def refused(stack: Stack, broker: GuardedBroker) -> Iterator[Refused]:
    """They are watched while the other tests run."""
    wrong = secrets.token_hex(12)
    misled = [with_login(stack, name, login(broker, name, wrong)) for name in STAGES]
    deceived = with_login(stack, STAGES[1], login(broker, STAGES[1], port=broker.expired_port))
    with ExitStack() as parts:
        for service in (*misled, deceived):
            parts.callback(service.kill)
            service.start()
        yield Refused(wrong, misled, deceived, time.monotonic())


@pytest.mark.usefixtures("refused")
def test_each_service_works_with_its_own_rights_alone(
    stack: Stack, broker: GuardedBroker, questions: Questions, expected: Rows, report: Report
) -> None:
    with ExitStack() as parts:
        for name in STAGES:
            service = with_login(stack, name, login(broker, name))
            parts.callback(service.kill)
            service.start()
        run = stack.push(questions.suite, TARGET)
        stack.wait_for_state(run, "complete")
        assert_exact(stack, run, expected)
    with pytest.raises(BrokerUnavailable):
        list(KafkaBroker(login(broker, STAGES[0])).reader(SCORES).new_messages())
    report(users=len(STAGES), rights=sum(len(rights(name)) for name in STAGES))


def token_of(user: str, seconds: float) -> str:
    """A token that nobody has signed, valid for so long."""
    now = time.time()
    parts = ({"alg": "none"}, {"sub": user, "iat": now - 60, "exp": now + seconds})
    return ".".join([*(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), ""])


def test_a_token_in_a_file_lets_in_and_is_read_again_once_it_is_renewed(
    stack: Stack, broker: GuardedBroker, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(token_of(STAGES[0], seconds=-30))
    kafka = Kafka(
        bootstrap_servers=f"127.0.0.1:{broker.token_port}",
        security_protocol="SASL_SSL",
        ssl_cafile=broker.authority,
        sasl_mechanism="OAUTHBEARER",
        sasl_oauth_token_file=file,
    )
    client = KafkaBroker(kafka)
    with pytest.raises(BrokerUnavailable, match="or the token") as refused:
        client.existing_topics()
    assert file.read_text() not in str(refused.value)
    file.write_text(token_of(STAGES[0], seconds=600))
    assert {RUNS, jobs_topic(TARGET)} <= client.existing_topics()
    list(client.reader(RUNS).new_messages())
    with pytest.raises(BrokerUnavailable):
        list(client.reader(SCORES).new_messages())


def test_a_wrong_password_and_an_expired_certificate_are_told_in_one_clear_line_each(
    stack: Stack, refused: Refused
) -> None:
    expected = [
        *((service, "kafka.sasl_plain_username") for service in refused.misled),
        (refused.deceived, "certificate"),
    ]
    services = [service for service, _ in expected]
    stack.wait_until(lambda: all(words in service.log.read_text() for service, words in expected), "all to be refused")
    time.sleep(max(0.0, refused.since + WATCHED_SECONDS - time.monotonic()))
    # They wait, calmly.
    assert [service.ended() for service in services] == [None] * 4
    watched = time.monotonic() - refused.since
    assert stop_together(services) == [0] * 4
    for service, words in expected:
        lines = service.log.read_text().splitlines()
        assert any(words in line for line in lines), lines
        assert len(lines) < MOST_LINES * watched / WATCHED_SECONDS, lines
        assert not any(text in line for text in (refused.password, PASSWORD, "Traceback") for line in lines)
