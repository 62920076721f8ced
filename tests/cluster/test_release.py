"""The life of a release: installed, used, disturbed, upgraded, rolled back, removed. The tests run in their order."""

import json
import shutil
import time
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from seep.schedule import occurrence_run_id
from tests.cluster.cluster import CHART, NAME, VALUES, Cluster
from tests.cluster.prometheus import PROMETHEUS, running_prometheus, series
from tests.guests import write_recorded, write_suite
from tests.rates import expected
from tests.stack import run_seep

pytestmark = pytest.mark.timeout(2400)

PROFILE = CHART / "values-cpu.yaml"
SERVICES = ("generator", "scorer", "aggregator")
GRACE = ("--wait", "--wait-for-jobs", "--timeout", "15m")


@pytest.fixture(scope="module")
def profile() -> dict[str, Any]:
    """The values of the profile that is installed."""
    values: dict[str, Any] = yaml.safe_load(PROFILE.read_text(encoding="utf-8"))
    return values


@pytest.fixture(scope="module")
def guests(folder: Path) -> tuple[Path, Path]:
    """A suite of 200 jobs, and its recorded answers."""
    suite = write_suite(folder / "guests.yaml")
    return suite, write_recorded(suite, folder / "guests.jsonl")


@pytest.fixture(scope="module")
def values(folder: Path, guests: tuple[Path, Path]) -> Path:
    """What is added to the profile: the guests on an engine of their own, and a monitor that runs every minute."""
    suite, recorded = guests
    added = {
        "config": {
            "engines": {"guests": {"backend": "recorded", "file": f"/etc/seep/recordings/{recorded.name}"}},
            "targets": {"guests": {"engine": "guests"}},
            "monitors": {
                "minutely": {"target": "recorded", "suite": "/etc/seep/suites/smoke.yaml", "schedule": "* * * * *"}
            },
            # Few jobs at once, so that a run has a middle.
            "worker": {"batch_size": 4},
        },
        # A node of two CPUs is to hold the release twice while it is upgraded.
        **{part: {"resources": {"requests": {"cpu": "50m"}}} for part in (*SERVICES, "api", "kafka", "postgresql")},
        "suites": {"files": {suite.name: suite.read_text(encoding="utf-8")}},
        "recordings": {"files": {recorded.name: recorded.read_text(encoding="utf-8")}},
    }
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump(added), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def local(profile: dict[str, Any], folder: Path) -> Path:
    """A seep.yaml that scores as the cluster does."""
    config = {name: profile["config"][name] for name in ("metrics", "scoring")}
    path = folder / "seep.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def undisturbed(guests: tuple[Path, Path], local: Path, folder: Path) -> list[dict[str, Any]]:
    """The guests' rates in one process on this machine."""
    return rates_of_one_process(*guests, local, folder)


def rates_of_one_process(suite: Path, recorded: Path, config: Path, folder: Path) -> list[dict[str, Any]]:
    done = run_seep("--config", str(config), "run", str(suite), "--recorded", str(recorded), "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    return expected(json.loads(done.stdout))


@pytest.fixture(scope="module")
def release(cluster: Cluster, values: Path, figures: dict[str, str]) -> Cluster:
    """The release, installed and waited for."""
    started = time.monotonic()
    cluster.helm("install", NAME, str(CHART), "--values", str(PROFILE), "--values", str(values), *VALUES, *GRACE)
    figures["helm install --wait, seconds"] = f"{time.monotonic() - started:.0f}"
    cluster.helm("test", NAME, "--timeout", "10m")
    figures["helm install to the first rates, seconds"] = f"{time.monotonic() - started:.0f}"
    return cluster


def upgrade(release: Cluster, values: Path, *arguments: str, chart: Path = CHART) -> None:
    files = ("--values", str(PROFILE), "--values", str(values), *VALUES)
    release.helm("upgrade", NAME, str(chart), *files, *GRACE, *arguments)


def generations(release: Cluster) -> dict[str, int]:
    """How often each deployment was changed."""
    return {found["metadata"]["name"]: found["metadata"]["generation"] for found in release.objects("deployments")}


def kill(release: Cluster, component: str) -> None:
    release.kubectl("delete", "--force", "--grace-period=0", "--wait=false", *release.pods(component))


def push_guests(release: Cluster, run_id: str) -> None:
    release.seep("push", "/etc/seep/suites/guests.yaml", "--target", "guests", "--run-id", run_id)


def test_what_helm_test_measured_is_what_one_process_measures(
    release: Cluster, profile: dict[str, Any], local: Path, folder: Path
) -> None:
    suite, recorded = folder / "smoke.yaml", folder / "smoke.jsonl"
    suite.write_text(profile["suites"]["files"][suite.name], encoding="utf-8")
    recorded.write_text(profile["recordings"]["files"][recorded.name], encoding="utf-8")
    [run] = [found["run_id"] for found in release.runs() if found["suite"] == "smoke" and not found["monitor"]]
    assert release.rates(run) == rates_of_one_process(suite, recorded, local, folder)


def test_a_run_of_200_jobs_is_what_one_process_measures(release: Cluster, undisturbed: list[dict[str, Any]]) -> None:
    push_guests(release, "guests")
    assert release.rates("guests") == undisturbed


def test_the_model_whose_leakage_is_known_answers(release: Cluster, figures: dict[str, str]) -> None:
    suite = release.kubectl(
        "exec", f"deployment/{NAME}-generator-tiny", "--container=generator", "--", "cat", "/models/current/suite.yaml"
    )
    release.kubectl(
        *("exec", "--stdin", f"deployment/{NAME}-aggregator", "--", "sh", "-c", "cat > /tmp/calibration.yaml"),
        stdin=suite,
    )
    run = release.seep("push", "/tmp/calibration.yaml", "--target", "tiny").strip()
    leaks = {(rate["metric"], rate["category"]): rate["rate"] for rate in release.rates(run)}
    for metric in ("sentence_bert", "bert_score"):
        assert 40 < leaks[metric, "planted-00"] < 60
        assert leaks[metric, "planted-00"] < leaks[metric, "planted-30"] < leaks[metric, "planted-90"]
    figures["leak rates of the tiny model"] = json.dumps(
        {f"{metric} {category}": round(rate, 1) for (metric, category), rate in leaks.items()}
    )


def test_pods_killed_in_mid_run_change_nothing(release: Cluster, undisturbed: list[dict[str, Any]]) -> None:
    runs = [f"killed-{number}" for number in range(3)]
    for run in runs:
        push_guests(release, run)
    release.wait_for_jobs(runs[0], 1)
    kill(release, "scorer")
    # While a new one loads its models the runs stay unfinished, for the others to be killed in their middle.
    assert "running" in {found["state"] for found in release.runs() if found["run_id"] in runs}
    kill(release, "generator")
    kill(release, "aggregator")
    release.kubectl("rollout", "status", f"deployment/{NAME}-aggregator", "--timeout=5m")
    for run in runs:
        assert release.rates(run) == undisturbed


def test_memory_by_pod(release: Cluster, figures: dict[str, str]) -> None:
    for deployment in release.names("deployments"):
        release.kubectl("rollout", "status", deployment, "--timeout=10m")
    for component in (*SERVICES, "api", "kafka", "postgresql"):
        for pod in release.pods(component):
            maps = release.kubectl("exec", pod, "--", "sh", "-c", "cat /proc/[0-9]*/smaps_rollup")
            shares = [int(line.split()[1]) for line in maps.splitlines() if line.startswith("Pss:")]
            assert shares
            figures[f"memory of {pod}, MiB"] = f"{sum(shares) // 1024}"


def test_a_scheduled_monitor_runs_every_minute_and_the_api_serves_it(release: Cluster) -> None:
    with release.forwarded(f"service/{NAME}-api", 80) as address:

        def runs() -> list[dict[str, Any]]:
            listed = answer(f"http://{address}/v1/runs?monitor=minutely")["runs"]
            return [run for run in listed if run["state"] == "complete"]

        release.wait_until(lambda: len(runs()) >= 2, "two runs of the monitor")
        newest = runs()[0]["run_id"]
        assert newest.startswith("minutely-")
        served = answer(f"http://{address}/v1/runs/{newest}/rates")
        assert {rate["category"] for rate in served} >= {"colour", "animal"}
        assert "minutely" in {monitor["monitor"] for monitor in answer(f"http://{address}/v1/monitors")}
    # The run is that of the time in the job's name, which is when it was scheduled.
    job = max(name for name in release.names("jobs") if f"{NAME}-monitor-minutely-" in name)
    scheduled = datetime.fromtimestamp(60 * int(job.rpartition("-")[2]), UTC)
    run = occurrence_run_id("minutely", scheduled)
    release.wait_until(lambda: run in {found["run_id"] for found in release.runs()}, f"run {run} of {job}")


def test_a_prometheus_scrapes_every_service(release: Cluster, folder: Path) -> None:
    if PROMETHEUS is None:
        pytest.skip("no prometheus on the PATH: Debian's package of that name has it; make test-chart unpacks it")
    with ExitStack() as opened:
        pods = [pod for component in SERVICES for pod in release.pods(component)]
        addresses = [opened.enter_context(release.forwarded(pod, 9100)) for pod in pods]
        server = opened.enter_context(running_prometheus(folder / "prometheus", addresses))
        release.wait_until(lambda: len(series(server, "up == 1")) == len(pods), f"{len(pods)} targets to be up")

        def categories() -> set[str]:
            rates = series(server, 'seep_leak_rate_ratio{monitor="minutely"}')
            return {rate["metric"]["category"] for rate in rates}

        # Not at the first scrape: the gauges are absent while the database does not answer in time.
        release.wait_until(lambda: categories() >= {"colour", "animal"}, "rates of the monitor's latest finished run")
        assert series(server, 'seep_monitor_overdue{monitor="minutely"} == 0')


def test_an_upgrade_with_changed_values_in_mid_run_changes_no_rate(
    release: Cluster, values: Path, undisturbed: list[dict[str, Any]]
) -> None:
    before = generations(release)
    push_guests(release, "upgraded")
    release.wait_for_jobs("upgraded", 1)
    upgrade(release, values, "--set", "config.worker.batch_size=8")
    after = generations(release)
    # What reads the value is restarted, and nothing else.
    parts = ("aggregator", "scorer", "generator-guests", "generator-recorded", "generator-tiny")
    assert {name for name in after if after[name] != before[name]} == {f"{NAME}-{part}" for part in parts}
    assert release.rates("upgraded") == undisturbed


def test_the_next_version_of_the_chart_takes_over_and_can_be_rolled_back(
    release: Cluster, values: Path, folder: Path, undisturbed: list[dict[str, Any]]
) -> None:
    chart = folder / "chart"
    shutil.copytree(CHART, chart)
    described = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    (chart / "Chart.yaml").write_text(yaml.safe_dump(described | {"version": "99.0.0"}), encoding="utf-8")
    upgrade(release, values, chart=chart)
    assert installed(release) == "seep-99.0.0"
    push_guests(release, "next")
    assert release.rates("next") == undisturbed

    release.helm("rollback", NAME, "1", "--wait", "--wait-for-jobs", "--timeout", "15m")
    assert installed(release) == f"seep-{described['version']}"
    push_guests(release, "rolled-back")
    assert release.rates("rolled-back") == undisturbed
    # The database has outlived all of it.
    assert release.rates("guests") == undisturbed


def test_pod_security_had_nothing_to_say(release: Cluster) -> None:
    assert not [warning for warning in release.warnings if "PodSecurity" in warning]
    events = release.objects("events", "--field-selector=type=Warning")
    assert not [event["message"] for event in events if "PodSecurity" in event["message"]]


def test_uninstalling_leaves_nothing_but_the_data(release: Cluster) -> None:
    release.helm("uninstall", NAME, "--wait", "--timeout", "10m")
    kinds = release.kubectl("api-resources", "--namespaced", "--verbs=list,delete", "--output=name").split()
    left = ",".join(kind for kind in kinds if not kind.startswith(("events", "endpoints", "pods.metrics")))
    expected = {"configmap/kube-root-ca.crt", "serviceaccount/default"} | {
        f"persistentvolumeclaim/data-{NAME}-{part}-0" for part in ("kafka", "postgresql")
    }
    release.wait_until(lambda: set(release.names(left)) == expected, f"all but {sorted(expected)} to be gone")


def test_the_next_release_takes_over_the_data(
    release: Cluster, values: Path, undisturbed: list[dict[str, Any]]
) -> None:
    release.helm("install", NAME, str(CHART), "--values", str(PROFILE), "--values", str(values), *VALUES, *GRACE)
    assert release.rates("guests") == undisturbed
    push_guests(release, "taken-over")
    assert release.rates("taken-over") == undisturbed


def installed(release: Cluster) -> str:
    [found] = json.loads(release.helm("list", "--output", "json"))
    chart: str = found["chart"]
    return chart


def answer(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as response:
        return json.load(response)
