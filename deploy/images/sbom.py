"""Writes what the images hold of others' packages as CycloneDX: `python -m deploy.images.sbom TOOLS FOLDER`.

TOOLS is a folder with the program cyclonedx-py. Debian's packages are not in it: an image's own list of them,
/var/lib/dpkg/status, is what scanners read.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

# By image: its lock.
LOCKS = {
    "generator": "requirements/generator.txt",
    "generator-cpu": "requirements/generator-cpu.txt",
    "generator-activations": "requirements/activations.txt",
    "scorer": "requirements/scorer.txt",
    "aggregator": "requirements/aggregator.txt",
}
MAVEN = "org.cyclonedx:cyclonedx-maven-plugin:2.9.3:makeBom"
POSTGRES = {"type": "application", "name": "postgresql-15", "purl": "pkg:deb/debian/postgresql-15?distro=bookworm"}

Bom = dict[str, Any]


def of_image(bom: Bom, image: str, version: str) -> Bom:
    """The list as that of an image's: without the addresses of indexes and tools, files by what they are called."""
    for component in bom["components"]:
        references = component.pop("externalReferences", [])
        hashed = [reference for reference in references if reference.get("hashes")]
        if hashed:
            component["externalReferences"] = [
                {"type": "distribution", "url": component["purl"], "hashes": reference["hashes"]}
                for reference in hashed
            ]
        # It repeats the lines of the lock.
        component.pop("description", None)
    container = {"type": "container", "bom-ref": f"seep-{image}", "name": f"seep/{image}", "version": version}
    return bom | {"metadata": {"component": container}}


def of_lock(tools: Path, lock: str) -> Bom:
    """The packages of a lock."""
    command = [str(tools / "cyclonedx-py"), "requirements", lock, "--output-reproducible", "--output-format", "JSON"]
    bom: Bom = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return bom


def of_jars(folder: Path) -> Bom:
    """The jars of the bundled broker, as Maven resolves them."""
    options = [
        f"-DoutputDirectory={folder.resolve()}",
        "-DoutputFormat=json",
        "-DoutputName=maven",
        "-Dcyclonedx.skipAttach=true",
    ]
    subprocess.run(["mvn", "--quiet", "--batch-mode", "-f", "deploy/local/kafka.pom.xml", MAVEN, *options], check=True)
    written = folder / "maven.json"
    bom: Bom = json.loads(written.read_text(encoding="utf-8"))
    written.unlink()
    return bom


def main(tools: Path, folder: Path) -> None:
    """Writes a file for each image."""
    version = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    folder.mkdir(parents=True, exist_ok=True)
    boms = {image: of_lock(tools, lock) for image, lock in LOCKS.items()}
    boms["kafka"] = of_jars(folder)
    boms["postgres"] = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [dict(POSTGRES)]}
    for image, bom in boms.items():
        file = folder / f"{image}.cdx.json"
        file.write_text(json.dumps(of_image(bom, image, version), indent=1) + "\n", encoding="utf-8")
        print(f"{file}: {len(bom['components'])} packages")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
