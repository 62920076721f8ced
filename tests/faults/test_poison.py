"""Whatever lies on a topic stops no service, loses nothing of a run, and is kept; what is secret is told nowhere."""

import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
import yaml

from cli.sending import job_messages, manifest_message
from seep.kafka.client import KafkaBroker
from seep.kafka.dead_letters import read_dead_letter
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import DEAD_LETTERS, GENERATIONS, MAX_MESSAGE_BYTES, RUNS, SCORES, jobs_topic
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.loading import load_suite
from tests.faults.form import Report
from tests.faults.questions import Questions
from tests.faults.verifier import Rows, assert_exact
from tests.faults.world import PARTITIONS, STAGES, TARGET, configuration
from tests.poison import Poison, harmless, large_poison, poison
from tests.quoting import ANSWER, PROMPT, REPLIES, SECRET, Quoting, Reply, quoting
from tests.raw_kafka import ACCEPTED, produce
from tests.stack import Stack, stack_in

JOBS = jobs_topic(TARGET)
MESSAGE_TOO_LARGE = 10
QUOTED = "quoted"
# Of the canaries' run: a server that quotes never answers the first prompt, and refuses the other two for a while.
CANARY_JOBS = 3
FAILURES = ("429 quotes in JSON", "500 quotes in JSON", "no JSON", "headers")


class Forgetful(Quoting):
    """A server that fails in several ways at first, always refuses the first prompt, and quotes whatever it says."""

    def __init__(self) -> None:
        super().__init__()
        self._failures = list(FAILURES)
        self._lock = threading.Lock()
        self.reply = self._next

    def _next(self, sent: str, key: str) -> Reply:
        with self._lock:
            name = self._failures.pop(0) if self._failures else "answers"
        return REPLIES["400 quotes in JSON" if f"{PROMPT} 0" in sent else name](sent, key)


@pytest.fixture(scope="module")
def server() -> Iterator[Quoting]:
    with quoting(Forgetful()) as server:
        yield server


@pytest.fixture(scope="module")
def stack(folder: Path, questions: Questions, server: Quoting) -> Iterator[Stack]:
    """A stack that holds secrets: a key of a server, a password, a token. No service runs yet."""
    settings = dict(configuration(questions))
    url = f"http://127.0.0.1:{server.server_port}/v1"
    engine = {"backend": "openai", "model": "m", "base_url": url, "api_key_env": "CANARY_KEY", "max_retries": 0}
    settings["engines"] |= {QUOTED: engine}
    settings["targets"] |= {QUOTED: {"engine": QUOTED}}
    topics = {"partitions": PARTITIONS, "replication_factor": 1}
    with stack_in(folder, settings, topics=topics) as stack:
        secrets = {
            "CANARY_KEY": SECRET,
            "SEEP_DATABASE__DSN": f"{stack.dsn}&password={SECRET}" if "?" in stack.dsn else stack.dsn,
            "SEEP_API__TOKEN": SECRET,
        }
        for service in stack.services.values():
            service.environment = {**service.environment, **secrets}
        yield stack


def letters(stack: Stack) -> list[Message]:
    """The dead letters that a stage has made."""
    reader = KafkaBroker(stack.settings.kafka).reader(DEAD_LETTERS)
    found = [message for message in reader.new_messages() if read_dead_letter(message).stage]
    reader.close()
    return found


def send_poison(stack: Stack, topic: str, sent: Poison, number: int) -> None:
    """Sends it to the partitions in turn."""
    code = produce(stack.broker.bootstrap_servers, topic, sent.data, partition=number % PARTITIONS)
    assert code == (MESSAGE_TOO_LARGE if sent.refused else ACCEPTED), sent.name


def test_poison_on_every_topic_stops_nobody_and_is_kept(
    stack: Stack, questions: Questions, expected: Rows, report: Report
) -> None:
    loaded = load_suite(questions.suite)
    run = "beside-poison"
    jobs = list(job_messages(prompt_jobs(loaded, run_id=run, target=TARGET)))
    sender = KafkaBroker(stack.settings.kafka).sender()
    small = list(poison(jobs[0].value or b""))
    on = dict.fromkeys((JOBS, GENERATIONS, SCORES), small) | {RUNS: [sent for sent in small if sent.keyed]}
    large = [*harmless(jobs[1].value or b"", jobs[1].key or b""), *large_poison(MAX_MESSAGE_BYTES)]
    # Before, among and behind the jobs; some is there before the services are.
    for topic, there in on.items():
        for number, sent in enumerate(there):
            send_poison(stack, topic, sent, number if topic != RUNS else 0)
    for number, sent in enumerate(poison(b"letter")):
        send_poison(stack, DEAD_LETTERS, sent, number)
    sender.send([manifest_message(manifest(loaded, run_id=run, target=TARGET, created_at=1.0)), *jobs[::2]])
    for number, sent in enumerate(large):
        send_poison(stack, JOBS, sent, number)
    stack.start()
    sender.send(jobs[1::2])
    sender.close()
    stack.wait_for_state(run, "complete")
    assert_exact(stack, run, expected)

    values = Counter((topic, value) for topic, there in on.items() for sent in there for value in sent.values)
    values += Counter((JOBS, value) for sent in large if not sent.refused for value in sent.values)
    hashes = {hashlib.sha256(sent.unreadable).hexdigest() for sent in large if sent.unreadable}
    stack.wait_until(lambda: len(letters(stack)) >= values.total() + len(hashes), "all poison to be dead-lettered")
    found = [(letter, read_dead_letter(letter)) for letter in letters(stack)]
    assert Counter((said.topic, letter.value or b"") for letter, said in found if not said.lost) == values
    assert {said.lost.rpartition(" ")[2] for _, said in found if said.lost} == hashes
    report(poison=values.total() + len(hashes), kept=len(found), lost=0, twice=0)


def write_canaries(folder: Path) -> Path:
    """A suite whose prompts hold a canary."""
    suite = {
        "name": "canaries",
        "version": "1",
        "probe": "language",
        "format": {"kind": "plain", "user": "{prompt}"},
        "decoding": {"temperature": 1.0, "max_tokens": 20, "samples": 1},
        "cut": "none",
        "directives": {"en": ["Answer in English."], "de": ["Antworte auf Deutsch."]},
        "prompts": [f"How does {PROMPT} {number} sound?" for number in range(CANARY_JOBS)],
    }
    path = folder / "canaries.yaml"
    path.write_text(yaml.safe_dump(suite, allow_unicode=True), encoding="utf-8")
    return path


def test_what_is_asked_answered_and_secret_is_told_where_it_belongs_alone(
    stack: Stack, server: Quoting, folder: Path, report: Report
) -> None:
    run = stack.push(write_canaries(folder), QUOTED)
    stack.wait_for_state(run, "partial")
    assert server.quoted > len(FAILURES)
    job = Outgoing(GENERATIONS, f"{run}/garbled".encode(), f"\xff{PROMPT} {ANSWER}".encode("latin-1"))
    sender = KafkaBroker(stack.settings.kafka).sender()
    sender.send([job])
    sender.close()
    stack.wait_until(lambda: any(letter.key == job.key for letter in letters(stack)), "the garbled job to die")

    published = {
        **{f"log of {name}": service.log.read_text(encoding="utf-8") for name, service in stack.services.items()},
        **metrics(stack),
        "headers of dead letters": repr([letter.headers for letter in letters(stack)]),
        **{" ".join(words): printed(stack, *words) for words in commands(run)},
    }
    routes = dict(answers(stack, run))
    assert len(published) > 12
    assert len(routes) > 9
    page = routes.pop(f"/v1/runs/{run}/comparisons")
    assert PROMPT in page
    assert ANSWER in page
    everywhere = {**published, **routes}
    assert {(place, word) for place, text in everywhere.items() for word in (PROMPT, ANSWER) if word in text} == set()
    assert {place for place, text in {**everywhere, "page": page}.items() if SECRET in text} == set()
    assert all(SECRET.encode() not in (message.value or b"") for topic in TOPICS for message in on_topic(stack, topic))
    report(places=len(published), routes=len(routes) + 1, canaries_where_they_do_not_belong=0)


TOPICS = (jobs_topic(QUOTED), GENERATIONS, SCORES, RUNS, DEAD_LETTERS)


def on_topic(stack: Stack, topic: str) -> list[Message]:
    reader = KafkaBroker(stack.settings.kafka).reader(topic)
    found = list(reader.new_messages())
    reader.close()
    return found


def commands(run: str) -> tuple[tuple[str, ...], ...]:
    """Commands that tell of a run without its texts."""
    return (("watch", run), ("rates", run), ("runs",), ("dead-letters", "list", "--run", run))


def printed(stack: Stack, *words: str) -> str:
    done = stack.seep(*words)
    assert done.stdout, done.stderr
    return f"{done.stdout}{done.stderr}"


def metrics(stack: Stack) -> Mapping[str, str]:
    """What each stage's metrics port says."""
    names = [*STAGES, f"generator-{QUOTED}"]
    return {f"metrics of {name}": _got(f"http://127.0.0.1:{_port(stack, name, 'metrics')}/metrics") for name in names}


def answers(stack: Stack, run: str) -> Mapping[str, str]:
    """What every route of the API answers about the run, by path."""
    base = f"http://127.0.0.1:{_port(stack, 'api', 'http')}"
    document = json.loads(_got(f"{base}/v1/openapi.json"))
    found = {}
    for template, operations in document["paths"].items():
        needed = {"target": QUOTED, "suite": "canaries", "metric": "language"}
        required = {each["name"] for each in operations["get"].get("parameters", ()) if each["required"]}
        path = template.replace("{run_id}", run).replace("{monitor}", "none")
        found[path] = _got(f"{base}{path}", {name: value for name, value in needed.items() if name in required})
    return found


def _port(stack: Stack, name: str, kind: str) -> int:
    [*_, last] = re.findall(rf"{kind} on port (\d+)", stack.services[name].log.read_text(encoding="utf-8"))
    return int(last)


def _got(url: str, query: Mapping[str, str] | None = None) -> str:
    headers = {"Authorization": f"Bearer {SECRET}"}
    answer = httpx.get(url, params=query, headers=headers, timeout=300, trust_env=False)
    assert answer.status_code in (200, 404, 400, 422), (url, answer.text)
    return answer.text
