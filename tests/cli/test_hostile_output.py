"""What commands print holds no character that a terminal obeys, whatever names and texts hold."""

import json
import re
from pathlib import Path

import pytest

from cli import exit_codes
from cli.sending import manifest_message
from results.dead_jobs import DeadJob
from seep.characters import UNSEEN
from seep.kafka.dead_letters import REASON, STAGE, TOPIC
from seep.kafka.in_memory import InMemoryBroker
from seep.kafka.messages import Outgoing
from seep.kafka.topics import DEAD_LETTERS, topic_configs
from seep.settings import Topics
from tests.builders import run_manifest, scored_job
from tests.commands import Command
from tests.stored import Stored

CLI = Path(__file__).parents[2] / "cli"
# Colours, a title, a link, a bell, a line that forges another, C1's CSI, and marks that turn the direction.
HOSTILE = "x\x1b[31m\x1b]0;title\x07\x1b]8;;http://a\x1b\\ [red]\rforged\nline\x9b31m\u202e\u2066\u2028\x7fy"
SHOWN = r"x\x1b[31m"
RUNS = ("run-1", "run-2")
COMMANDS = (
    ("rates", "run-1"),
    ("rates", "run-1", "--json"),
    ("rates", "run-1", "--by", "concept"),
    ("examples", "run-1"),
    ("examples", "run-1", "--json"),
    ("examples", "run-1", "--category", HOSTILE),
    ("examples", "run-1", "--category", f"no{HOSTILE}"),
    ("runs",),
    ("runs", "--json"),
    ("compare", "run-1", "run-2"),
    ("compare", "run-1", "run-2", "--allow-different"),
    ("compare", "run-1", "run-2", "--allow-different", "--json"),
    ("watch", "run-1"),
    ("watch", HOSTILE, "--wait", "0"),
    ("rates", HOSTILE),
    ("power", "--pilot", "run-1", "--effect", "5"),
    ("baseline", "set", "base", "run-1", "run-2"),
    ("baseline", "list"),
    ("baseline", "list", "--json"),
    ("dead-letters", "list"),
    ("dead-letters", "show", "0:0"),
    ("dead-letters", "show", HOSTILE),
    ("cancel", HOSTILE),
    ("suites", "show", HOSTILE),
    ("suites", "lint", "hostile.yaml"),
    ("import", "hostile.csv", "--suite-out", f"{HOSTILE}.yaml"),
    (HOSTILE,),
    ("--config", HOSTILE, "runs"),
)


def hostile_broker() -> InMemoryBroker:
    broker = InMemoryBroker()
    broker.create_topics(topic_configs(["paper"], Topics(partitions=1)))
    name = HOSTILE.encode()
    headers = ((HOSTILE, name), (TOPIC, name), (STAGE, name), (REASON, name))
    broker.sender().send([Outgoing(DEAD_LETTERS, b"run-1/" + name, b"\xff", headers)])
    broker.sender().send([manifest_message(run_manifest(1, {HOSTILE: 1}))])
    return broker


def record_hostile_results(dsn: str) -> None:
    """Fills a database whose every name and text is hostile."""
    with Stored(dsn) as store:
        for run in RUNS:
            jobs = [
                scored_job(
                    f"j{number}",
                    {HOSTILE: [float((number + len(run)) % 2)]},
                    run_id=run,
                    target=f"{run}{HOSTILE}",
                    concept=HOSTILE,
                    text=HOSTILE,
                    provenance={"model": f"{run}{HOSTILE}", HOSTILE: HOSTILE},
                    metrics=[f"m{HOSTILE}", "n"],
                )
                for number in range(4)
            ]
            dead = [DeadJob(run, f"dead{HOSTILE}", HOSTILE, HOSTILE)]
            manifest = run_manifest(
                5, {HOSTILE: 5}, run_id=run, target=f"{run}{HOSTILE}", suite=HOSTILE, suite_version=HOSTILE
            )
            store.record(jobs, dead, [manifest])


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dsn: str) -> Path:
    record_hostile_results(dsn)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    monkeypatch.delenv("SEEP_CONFIG", raising=False)
    suite = {
        "name": "s",
        "version": HOSTILE,
        "format": {"kind": "plain"},
        "decoding": {"temperature": 1.0, "max_tokens": 5, "samples": 1},
        "jobs": [{"control": HOSTILE, "tests": [{"concept": HOSTILE, "prompt": HOSTILE, "category": HOSTILE}]}],
    }
    Path("hostile.yaml").write_text(json.dumps(suite), encoding="utf-8")
    Path("hostile.csv").write_text(
        f'prompt,n_control,concept,"{HOSTILE}"\nA,none,none,x\nB,0,red,y\n', encoding="utf-8"
    )
    return tmp_path


@pytest.mark.slow
def test_no_command_prints_what_a_terminal_obeys(in_folder: Path, command: Command) -> None:
    for arguments in COMMANDS:
        code, printed, complaint = command(*arguments, broker=hostile_broker())
        both = printed + complaint
        assert (arguments, UNSEEN.findall(both.replace("\n", ""))) == (arguments, [])
        assert not re.search(r"^(forged|line)", both, re.MULTILINE), arguments
        assert code != exit_codes.FAULT, complaint
        assert both, arguments
        if "--json" in arguments:
            json.loads(printed)


@pytest.mark.slow
def test_what_it_escapes_can_still_be_read(in_folder: Path, command: Command) -> None:
    for arguments in (("rates", "run-1"), ("examples", "run-1"), ("dead-letters", "show", "0:0"), ("runs",)):
        _, printed, _ = command(*arguments, broker=hostile_broker())
        assert SHOWN in printed, arguments


def test_commands_print_through_one_place_only() -> None:
    """What goes past it would not be escaped."""
    # The help is the project's own text.
    allowed = {"rendering/output.py", "rendering/help.py", "main.py", "commands/completion.py"}
    past = re.compile(r"typer\.echo\(|\bprint\(|rich\.table|secho\(|sys\.std(out|err)\.write")
    files = {str(path.relative_to(CLI)): path.read_text(encoding="utf-8") for path in CLI.rglob("*.py")}
    found = {
        name
        for name, text in files.items()
        if past.search(re.sub(r"(console\(\)|console|Console\(.*\))\.print\(", "", text))
    }
    assert found - allowed == set()
