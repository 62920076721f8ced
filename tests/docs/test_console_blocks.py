"""Every command of the documents runs as it is written, and prints what the page shows, but for marked blocks."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.scripted_server import scripted_server
from seep.kafka.in_memory import InMemoryBroker
from seep.kafka.topics import topic_configs
from seep.settings import Topics
from tests.builders import run_manifest, scored_job
from tests.docs.blocks import PAGES, PROJECT, Block, blocks_of
from tests.docs.shell import Shell
from tests.docs.worlds import ADDRESSES, WORLDS, World, say
from tests.stored import Stored

BLOCKS = {page: blocks_of(page) for page in PAGES}
RUN = [page for page, blocks in BLOCKS.items() if any(block.is_shell and block.mark != "not run" for block in blocks)]
# What no test of seconds has, or may do. Each is run by hand, or by a test of its own.
REASONS = {
    "a cluster",
    "a debugger",
    "a GPU",
    "a log of your own",
    "a model of a hub",
    "a process for each model",
    "a server of MLflow",
    "a stack",
    "code of your own",
    "it builds images",
    "it runs on until it is stopped",
    "it sets a machine up",
    "it writes into the checkout",
    "minutes of vLLM",
    "the paper's workbook",
}
# Codes that are an answer: fine, drift, inconclusive. The others say that the command could not be carried out.
ANSWERED = (0, 1, 3)
INDENTED = re.compile(r"^(?: {4}|\$ )(?:[A-Z_]+=\S+ )*(?:\S*/)?seep [a-z-]+", re.MULTILINE)
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
# Another processor rounds otherwise: a figure of one decimal may lie a step beside, one of more a little.
ROUNDED, TOLERANCE = 0.101, 0.02

Here = Callable[[str], str]


def written(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def test_a_block_that_is_not_run_says_why() -> None:
    marked = (block for blocks in BLOCKS.values() for block in blocks if block.mark == "not run")
    assert {block.what for block in marked} == REASONS


def test_commands_stand_in_fenced_blocks() -> None:
    """Else nobody would run them."""
    stray = {
        written(page): found
        for page in PAGES
        if page.parent.name != "reference"
        and (found := INDENTED.findall(re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)))
    }
    assert stray == {}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(PROJECT / "docs/examples", tmp_path / "docs/examples")
    suites = tmp_path / "suites"
    suites.mkdir()
    for small in (PROJECT / "suites").glob("*-smoke.yaml"):
        shutil.copy(small, suites)
        # A whole suite asks for minutes; its small one is asked by its name.
        whole = small.stem.removesuffix("-smoke")
        text = small.read_text(encoding="utf-8").replace(f"name: {small.stem}\n", f"name: {whole}\n")
        (suites / f"{whole}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def broker() -> InMemoryBroker:
    broker = InMemoryBroker()
    broker.create_topics(topic_configs(["smollm2"], Topics()))
    return broker


@pytest.fixture
def server() -> Iterator[str]:
    with scripted_server() as running:
        say(running)
        yield running.base_url


@pytest.mark.usefixtures("models_loaded_once")
@pytest.mark.parametrize("page", RUN, ids=written)
def test_a_page_does_what_it_says(page: Path, folder: Path, broker: InMemoryBroker, server: str, dsn: str) -> None:
    world = WORLDS.get(written(page), World())

    def here(text: str) -> str:
        for address in ADDRESSES:
            text = text.replace(address, server)
        return text

    environment = {name: here(value) for name, value in world.environment.items()}
    shell = Shell(folder, {"SEEP_DATABASE__DSN": dsn, "COLUMNS": "200", **environment}, broker)
    for block in BLOCKS[page]:
        if block.mark in ("file", "adds to"):
            with (folder / block.what).open("a", encoding="utf-8") as file:
                file.write(here(block.text))
    for name, text in {"seep.yaml": world.configuration(), **world.files}.items():
        if text:
            (folder / name).write_text(here(text), encoding="utf-8")
    if world.monitored:
        record_week(dsn, world.monitored)
    for command in world.first():
        code, printed = shell.run(here(command))
        assert code in ANSWERED, f"{command}: {printed}"
    for block in BLOCKS[page]:
        if block.is_shell and block.mark != "not run":
            follow(block, world, shell, here)
    shell.close()


def record_week(dsn: str, monitor: str) -> None:
    """Seven finished runs of a monitor: to send and answer them takes a stack."""
    with Stored(dsn) as store:
        for day in range(1, 8):
            run = f"{monitor}-2026110{day}T020000Z"
            jobs = [scored_job(f"j{number}", {"1": [1.0, 0.0]}, run) for number in range(12)]
            sent = run_manifest(12, {"1": 24}, run, samples=2, monitor=monitor, created_at=1000.0 + day)
            store.record(jobs, [], [sent])


def follow(block: Block, world: World, shell: Shell, here: Here) -> None:
    """Types a block, command by command."""
    for step in block.steps():
        command = step.command
        for name, value in world.names.items():
            command = re.sub(rf"\b{name}\b", value, command)
        command = here(command)
        code, printed = shell.run(command)
        place = f"{written(block.page)}:{block.line}: {step.command}"
        assert code in ANSWERED, f"{place}: {code}: {printed}"
        assert missing(step.shown, printed) == [], f"{place}: it printed\n{printed}"


def missing(shown: list[str], printed: str) -> list[str]:
    """The shown lines that were not printed, in their order; `...` may be anything, numbers differ by rounding."""
    lines = iter(printed.splitlines())
    return [line for line in shown if line.strip() != "..." and not any(alike(line, other) for other in lines)]


def alike(shown: str, printed: str) -> bool:
    """Whether both say the same, spaces and the last digits aside."""
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=False)
    if any(abs(float(one) - float(other)) > _tolerance(one) for one, other in pairs):
        return False
    pattern = ".*".join(re.escape(part) for part in _bare(shown).split("..."))
    return re.fullmatch(pattern, _bare(printed)) is not None


def _tolerance(number: str) -> float:
    return ROUNDED if re.fullmatch(r"[-+]?\d+\.\d", number) else TOLERANCE


def _bare(line: str) -> str:
    return " ".join(NUMBER.sub("#", line).split())
