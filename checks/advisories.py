"""Whether a package of the locks, or a jar of the bundled broker, has a known weakness.

`python -m checks.advisories [PIP_AUDIT]` compares them with the reviewed list, requirements/advisories.toml, and asks
pip-audit where it is given and its source of advisories answers. It prints a line for each finding, and ends with 1
where there is any.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from packaging.specifiers import SpecifierSet

LOCKS = Path("requirements")
JARS = Path(".seep/kafka-libs")
REVIEWED = LOCKS / "advisories.toml"
LONGEST_UNREVIEWED = timedelta(days=90)
# Of few packages: whether a source answers is found out with it.
PROBE = LOCKS / "uv.txt"
DECISIONS = ("updated", "accepted")


class Package(NamedTuple):
    """A package as a lock, or a jar's name, has it."""

    name: str
    version: str
    file: str


@dataclass(frozen=True)
class Advisory:
    """A known weakness, and what was decided: accepted ones are no finding."""

    id: str
    package: str
    affected: SpecifierSet
    accepted: bool

    def concerns(self, package: Package) -> bool:
        """Whether a package's version is affected."""
        return package.name == self.package and self.affected.contains(package.version, prereleases=True)


def reviewed_list(text: str) -> tuple[date, list[Advisory]]:
    """The day of the last review, and what was known then. Raises ValueError where an entry is not as it should be."""
    content = tomllib.loads(text)
    for entry in content["advisory"]:
        if entry["decision"] not in DECISIONS or (entry["decision"] == "accepted" and not entry.get("reason")):
            raise ValueError(f"{entry['id']}: expected the decision updated, or accepted with a reason")
    return content["reviewed"], [
        Advisory(entry["id"], entry["package"], SpecifierSet(entry["affected"]), entry["decision"] == "accepted")
        for entry in content["advisory"]
    ]


def packages(locks: Path, jars: Path) -> Iterator[Package]:
    """What the lock files pin, and the jars that are there."""
    for lock in sorted(locks.glob("*.txt")):
        for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.M):
            yield Package(name, version, lock.name)
    for jar in sorted(jars.glob("*.jar")):
        if found := re.fullmatch(r"(.+?)-(\d[\w.+-]*)", jar.stem):
            yield Package(found[1], found[2], jar.name)


def affected(known: Sequence[Advisory], found: Sequence[Package]) -> Iterator[str]:
    """A line for each package with a weakness that was not accepted."""
    for package in found:
        for advisory in known:
            if not advisory.accepted and advisory.concerns(package):
                where = f"{package.file}: {package.name} {package.version}"
                yield f"{where}: {advisory.id}: affected is {advisory.affected}"


def out_of_date(reviewed: date, today: date) -> Iterator[str]:
    """A line where nobody has looked for too long."""
    if today - reviewed > LONGEST_UNREVIEWED:
        yield f"{REVIEWED}: last reviewed on {reviewed}: look through the advisories, and write down the day"


def audited(pip_audit: str, locks: Sequence[Path], known: Sequence[Advisory]) -> list[str] | None:
    """What pip-audit finds in locks and nobody has accepted, a line each; None where its source does not answer."""
    files = [argument for lock in locks for argument in ("--requirement", str(lock))]
    options = ["--no-deps", "--disable-pip", "--require-hashes", "--format=json", "--progress-spinner=off"]
    done = subprocess.run([pip_audit, *options, *files], capture_output=True, text=True, check=False)
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return None
    # A package that the source does not know is skipped without an error: then nothing was audited.
    if any("skip_reason" in package for package in answer["dependencies"]):
        return None
    return [
        f"{package['name']} {package['version']}: {found['id']}: fixed in {', '.join(found['fix_versions']) or 'none'}"
        for package in answer["dependencies"]
        for found in package["vulns"]
        if not _accepted(known, Package(package["name"], package["version"], ""), [found["id"], *found["aliases"]])
    ]


def _accepted(known: Sequence[Advisory], package: Package, ids: Sequence[str]) -> bool:
    return any(
        advisory.accepted and advisory.concerns(package) and any(name in advisory.id for name in ids)
        for advisory in known
    )


def main(arguments: Sequence[str]) -> int:
    """Prints what there is; 1 where there is anything."""
    reviewed, known = reviewed_list(REVIEWED.read_text(encoding="utf-8"))
    found = list(packages(LOCKS, JARS))
    lines = [*affected(known, found), *out_of_date(reviewed, date.today())]
    said = f"{len(found)} packages compared with the advisories reviewed on {reviewed}"
    for pip_audit in arguments:
        if audited(pip_audit, [PROBE], known) is None:
            said += "; no source of advisories answers pip-audit"
            continue
        for lock in sorted(LOCKS.glob("*.txt")):
            more = audited(pip_audit, [lock], known)
            lines += [f"{lock}: {line}" for line in more] if more is not None else [f"{lock}: could not be audited"]
        said += "; audited by pip-audit"
    print(*lines, f"{said}: {len(lines)} findings", sep="\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
