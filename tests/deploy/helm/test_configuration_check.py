"""The job before an installation runs `seep config check`, which refuses in one line what only the settings know."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Command
from tests.deploy.helm.rendering import ALL, BUNDLED, LEAST, PROFILES, ROOT, STRIMZI, Release, overlaid, render

JOB = "seep-setup-configuration"
MONITOR = {"target": "tiny", "suite": "/opt/seep/suites/colours.yaml"}
PAPER = {"backend": "recorded", "file": "/etc/seep/recordings/a.jsonl"}
RECORDED = {"recordings": {"files": {"a.jsonl": '{"prompt": "p", "generations": ["a"]}\n'}}}
SECRETS = {
    "externalKafka": {"securityProtocol": "SSL", "tls": {"caSecret": "ca", "clientSecret": "client"}},
}

Check = Callable[[Release], tuple[int, str, str]]


@pytest.fixture
def check(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Runs what the job runs, with what its pod mounts in a folder of the test: exit code and both outputs."""

    def run(release: Release) -> tuple[int, str, str]:
        pod = release.pod(JOB)
        volumes = {volume["name"]: volume for volume in pod.spec["volumes"]}
        for mount in pod.container["volumeMounts"]:
            place = tmp_path / mount["mountPath"].removeprefix("/")
            for name, text in mounted(release, volumes[mount["name"]]).items():
                file = place if "subPath" in mount else place / name
                file.parent.mkdir(parents=True, exist_ok=True)
                # The suites of the images are those of this checkout.
                text = text.replace("/etc/seep", f"{tmp_path}/etc/seep").replace("/opt/seep", str(ROOT))
                file.write_text(text, encoding="utf-8")
        program, *arguments = pod.container["command"]
        assert program == "seep"
        monkeypatch.setenv("SEEP_CONFIG", f"{tmp_path}{pod.environment()['SEEP_CONFIG']}")
        code, printed, complaint = command(*arguments)
        return code, printed.replace(str(tmp_path), ""), complaint.replace(str(tmp_path), "")

    return run


def mounted(release: Release, volume: dict[str, Any]) -> dict[str, str]:
    """The files of a volume by name; those of a secret are not the job's to know."""
    if "secret" in volume:
        return {item["path"]: "secret" for item in volume["secret"]["items"]}
    if "configMap" in volume:
        data: dict[str, str] = release.objects("ConfigMap")[volume["configMap"]["name"]]["data"]
        return data
    return {}


@pytest.mark.parametrize(
    "values",
    [
        *[(profile,) for profile in PROFILES],
        (LEAST, ALL),
        (LEAST, ALL, BUNDLED),
        (LEAST, ALL, STRIMZI),
        (LEAST, SECRETS),
    ],
    ids=[*PROFILES, "all", "bundled", "strimzi", "secrets"],
)
def test_what_can_be_installed_is_ok(check: Check, values: Any) -> None:
    assert check(render(*values)) == (0, "/etc/seep/seep.yaml: ok\n", "")


# Target, engine, and what is said of the target or the engine.
CONTRADICTIONS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    (
        "tiny",
        {"requests_per_minute": 10},
        {},
        "targets.tiny.requests_per_minute: only an openai engine has such a limit",
    ),
    ("tiny", {"tokens_per_day": 10}, {}, "targets.tiny.tokens_per_day: only an openai engine has such a limit"),
    ("tiny", {"adapter": "spill"}, {}, "targets.tiny.adapter: 'spill' is not among the engine's lora_modules"),
    ("tiny", {"adapter": "spil"}, {"lora_modules": {"spill": "/m"}}, "targets.tiny.adapter: 'spil' is not among"),
    ("tiny", {"filter": {}}, {}, "targets.tiny.filter: expected refuse or refuse_concept, found neither"),
    ("tiny", {"filter": {"max_regenerations": 2}}, {}, "targets.tiny.filter: expected refuse or refuse_concept"),
    ("tiny", {"filter": {"refuse": "x"}, "temperature": 0}, {}, "targets.tiny: filter: at temperature 0"),
    ("tiny", {"system": "Answer {prompt}"}, {}, "targets.tiny.system: expected a system message without {prompt}"),
    ("tiny", {"format": {"kind": "chat", "user": "Hello"}}, {}, "targets.tiny.format.user: expected {prompt} exactly"),
    ("tiny", {"format": {"kind": "chat", "user": ""}}, {}, "targets.tiny.format.user: expected {prompt} exactly"),
    (
        "tiny",
        {"format": {"kind": "plain"}, "system": "s"},
        {},
        "targets.tiny: system: the plain format has no {system}",
    ),
    ("tiny", {"system": "Be brief."}, PAPER, "targets.tiny.system: recorded answers cannot be asked for in another"),
    ("tiny", {"temperature": 0.5}, PAPER, "targets.tiny.temperature: recorded answers cannot be asked for in another"),
    (
        "gateway",
        {},
        {"base_url": "gateway.example.com/v1"},
        "engines.gateway.openai.base_url: expected a valid URL",
    ),
    ("gateway", {}, {"base_url": "ftp://gateway.example.com"}, "engines.gateway.openai.base_url: URL scheme should be"),
    ("gateway", {}, {"base_url": "https://user:pass@h/v1"}, "engines.gateway.openai.base_url: expected a URL without"),
    ("gateway", {}, {"base_url": "https://h/v1?key=k"}, "engines.gateway.openai.base_url: expected a URL without"),
    (
        "gateway",
        {},
        {"headers": {"Authorization": "Bearer pass@"}},
        "engines.gateway.openai.headers: Authorization holds",
    ),
    ("gateway", {}, {"proxy": "proxy.example.com:3128"}, "engines.gateway.openai.proxy: expected http://host:port"),
    ("gateway", {}, {"proxy": "http://user:pass@h:3128"}, "engines.gateway.openai.proxy: expected a URL without user"),
]


def one_target(name: str, target: dict[str, Any], engine: dict[str, Any]) -> dict[str, Any]:
    """Values with one engine and one target of that name."""
    engine = engine if "backend" in engine else overlaid(LEAST["config"]["engines"][name], engine)
    config = {"engines": {name: None}, "targets": {name: {"engine": name, **target}}}
    values = overlaid(LEAST, {"config": config}, RECORDED)
    values["config"]["engines"][name] = engine
    return values


@pytest.mark.parametrize(
    ("name", "target", "engine", "sentence"), CONTRADICTIONS, ids=[c[3][:60] for c in CONTRADICTIONS]
)
def test_what_the_services_would_refuse_is_one_line_of_the_job(
    check: Check, name: str, target: dict[str, Any], engine: dict[str, Any], sentence: str
) -> None:
    code, printed, complaint = check(render(one_target(name, target, engine)))
    assert (code, printed) == (2, "")
    assert complaint.startswith(f"seep: /etc/seep/seep.yaml: {sentence}")
    assert complaint.count("\n") == 1
    assert "pass@" not in complaint


@pytest.mark.parametrize(
    ("name", "target", "engine"),
    [
        ("tiny", {"adapter": "spill", "filter": {"refuse": ""}, "temperature": 0.1}, {"lora_modules": {"spill": "/m"}}),
        ("tiny", {"format": {"kind": "plain", "user": "{system} {prompt}"}, "system": "s", "adapter": None}, {}),
        ("tiny", {"filter": None, "temperature": 0, "requests_per_minute": None}, {}),
        ("gateway", {"adapter": "spill", "tokens_per_day": 1}, {"base_url": "http://[::1]:8000/a@b", "proxy": None}),
        ("gateway", {"requests_per_minute": 0.5}, {"proxy": "http://proxy.example.com:3128"}),
        (
            "gateway",
            {},
            {
                "preset": "openai-reasoning",
                "parameters": {"temperature": "temperature", "seed": None},
                "secret_headers": {"X-Token": {"env": "A_TOKEN"}},
                "extra_body": {"provider": {"order": ["a", "b"]}},
                "query": {"api-version": "2024-10-21"},
            },
        ),
    ],
)
def test_what_the_services_take_is_ok(check: Check, name: str, target: dict[str, Any], engine: dict[str, Any]) -> None:
    assert check(render(one_target(name, target, engine)))[0] == 0


NAMES_NOTHING: dict[str, tuple[dict[str, Any], str]] = {
    "a target of no engine": (
        {"config": {"targets": {"lost": {"engine": "nowhere"}}}},
        "/etc/seep/seep.yaml: targets.lost.engine: no engine named 'nowhere' under engines",
    ),
    "a monitor of no target": (
        {"config": {"monitors": {"daily": MONITOR | {"target": "nobody"}}}},
        "/etc/seep/seep.yaml: monitors.daily.target: no target named 'nobody' under targets",
    ),
    "a monitor at no time": (
        {
            "config": {"monitors": {"daily": MONITOR | {"schedule": "0 6 ? * *"}}},
            "monitors": {"scheduler": "deployment"},
        },
        "/etc/seep/seep.yaml: monitors.daily.schedule: expected a cron expression, as 0 6 * * *: ",
    ),
    "a monitor of a spoiled suite": (
        {
            "config": {"monitors": {"daily": MONITOR | {"suite": "/etc/seep/suites/mine.yaml"}}},
            "suites": {"files": {"mine.yaml": "name: mine\n"}},
        },
        "/etc/seep/seep.yaml: monitors.daily.suite: ",
    ),
    "spoiled recorded answers": (
        {
            "config": {"engines": {"old": PAPER}},
            "recordings": {"files": {"a.jsonl": '{"prompt": "p"}\n'}},
        },
        "/etc/seep/seep.yaml: engines.old.file: /etc/seep/recordings/a.jsonl:1: generations",
    ),
}


@pytest.mark.parametrize("case", NAMES_NOTHING)
def test_what_names_nothing_usable_is_one_line_of_the_job(check: Check, case: str) -> None:
    values, sentence = NAMES_NOTHING[case]
    code, printed, complaint = check(render(LEAST, values))
    assert (code, printed) == (2, "")
    assert complaint.startswith(f"seep: {sentence}")
    assert complaint.count("\n") == 1


def test_the_job_comes_before_everything_and_is_not_tried_again_once_it_has_refused() -> None:
    for values in ((LEAST,), (LEAST, BUNDLED), (LEAST, STRIMZI)):
        jobs = render(*values).objects("Job")
        weights = {
            name: int(job["metadata"]["annotations"]["helm.sh/hook-weight"])
            for name, job in jobs.items()
            if "annotations" in job["metadata"]
        }
        assert weights.pop(JOB) < min(weights.values(), default=0)
        spec = jobs[JOB]["spec"]
        assert spec["template"]["spec"]["restartPolicy"] == "Never"
        assert spec["podFailurePolicy"]["rules"] == [
            {"action": "FailJob", "onExitCodes": {"containerName": "setup", "operator": "In", "values": [2]}}
        ]
        # Helm prints the log of a hook that has failed.
        assert jobs[JOB]["metadata"]["annotations"]["helm.sh/hook-output-log-policy"] == "hook-failed"
