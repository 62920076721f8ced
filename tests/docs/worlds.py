"""What the reader of a page is taken to have already: a configuration, runs, variables, and names of their own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deploy.local.scripted_server import ScriptedServer

# What stands in the documents for a server, and is the stand-in's address in the tests.
ADDRESSES = ("http://localhost:8000/v1", "https://gateway.example.com/v1")
ENGINES = """
engines:
  gateway: {backend: openai, base_url: "http://localhost:8000/v1", model: stand-in}
targets: {TARGETS}
metrics: {sentence_bert: {model: all-MiniLM-L6-v2}, bert_score: null}
monitors: {daily: {target: TARGET, suite: suites/colours-smoke.yaml, schedule: "0 2 * * *", baseline: first-week}}
"""
FEW = "colours-smoke"
COMPLETIONS = [
    {"directive": f"Answer in {name}.", "directive_language": name, "sample": sample, "completion": text}
    for name, texts in {
        "German": ("Das Brot ist heute warm.", "Ja, gern."),
        "French": ("Le pain est chaud.", "Oui."),
    }.items()
    for sample, text in enumerate(texts)
]


@dataclass(frozen=True)
class World:
    """What is there before the first command of a page.

    `targets` of the stand-in's engine stand in seep.yaml; `runs` are made of the smallest suite, in this order; `names`
    are what the reader puts in place of words in capitals. A `monitored` monitor has a week of runs.
    """

    targets: Sequence[str] = ()
    runs: Sequence[str] = ()
    suite: str = FEW
    monitored: str = ""
    before: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def configuration(self) -> str:
        """The seep.yaml of a reader with these targets; empty where there are none."""
        if not self.targets:
            return ""
        targets = ", ".join(f"{target}: {{engine: gateway}}" for target in self.targets)
        return ENGINES.replace("TARGETS", targets).replace("TARGET", self.targets[0])

    def first(self) -> list[str]:
        """The commands that make the runs."""
        place = "http://localhost:8000/v1"
        return [*self.before, *(f"seep run {self.suite} --endpoint {place} --run-id {run}" for run in self.runs)]


LANGUAGES = """
name: languages
version: "1"
probe: language
format: {kind: chat}
decoding: {temperature: 1, max_tokens: 60, samples: 2}
cut: none
directives: {es: [Only Spanish.], fr: [Only French.], it: [Only Italian.], ja: [Only Japanese.]}
prompts: [How is bread made?, Where do swallows go?]
"""
WORLDS = {
    "README.md": World(targets=["smollm2"], environment={"GATEWAY_KEY": "k"}),
    "docs/guides/connect-an-endpoint.md": World(
        # The preset's own address is the vendor's.
        names={"OPENAI_API_KEY": "SEEP_ENGINES__MINI__BASE_URL=http://localhost:8000/v1 OPENAI_API_KEY"}
    ),
    "docs/guides/gate-a-release.md": World(targets=["production", "candidate"], environment={"BUILD": "7"}),
    "docs/guides/language-spill.md": World(
        targets=["base", "tuned"],
        runs=["it-1", "it-2", "fr-1", "fr-2", "back-1", "back-2"],
        suite="languages",
        files={
            "suites/languages.yaml": LANGUAGES,
            "fr_it.jsonl": "".join(f"{json.dumps(row)}\n" for row in COMPLETIONS),
        },
    ),
    "docs/guides/measure-a-model.md": World(
        targets=["plain", "strict"],
        runs=["base", "tuned", "larger"],
        names={"NAME": "stand-in"},
        environment={"MY_KEY": "k"},
    ),
    "docs/guides/own-suite.md": World(targets=["mine"], names={"T": "mine"}),
    "docs/guides/plan-a-suite.md": World(runs=["pilot"], suite="colours", names={"RUN": "latest"}),
    "docs/guides/recall.md": World(targets=["mine"]),
    "docs/guides/watch-an-endpoint.md": World(monitored="daily"),
}


def say(server: ScriptedServer) -> None:
    """Has the stand-in answer each prompt in words of its own, the same at every sample."""

    def script(number: int) -> str:
        body = server.received[number][1]
        prompt = str(body.get("prompt") or body["messages"][-1]["content"])
        word = ["whale", "spoon", "river", "candle", "violin"][sum(prompt.encode()) % 5]
        content = {"role": "assistant", "content": f"{word} for today."}
        choice = {"message": content, "text": f" {word}.", "finish_reason": "stop"}
        choices = [{"index": n, **choice} for n in range(body.get("n", 1))]
        return f"HTTP 200 saying {json.dumps({'model': 'stand-in', 'choices': choices})}"

    server.script = script
