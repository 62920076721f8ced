"""Lists the packages of the Python that runs it, with their licences: `python licences.py >THIRD-PARTY.txt`."""

from collections.abc import Iterator
from importlib.metadata import Distribution, distributions


def lines() -> Iterator[str]:
    """A line per package: name, version, licence as the package states it, separated by tabs; in the names' order."""
    found = {dist.name.lower(): dist for dist in distributions()}
    for _, dist in sorted(found.items()):
        yield f"{dist.name}\t{dist.version}\t{licence(dist)}"


def licence(distribution: Distribution) -> str:
    """What a package's metadata say: an expression, else its classifiers, else the first line of its text."""
    metadata = distribution.metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classifiers = [name for name in metadata.get_all("Classifier") or [] if name.startswith("License ::")]
    text = (metadata.get_all("License") or [""])[0]
    stated = [name.rpartition(" :: ")[2] for name in classifiers] or text.splitlines()[:1]
    return "; ".join(stated)[:100] or "see the package's own files"


if __name__ == "__main__":
    print("The packages below are not Seep's. The text of each licence is in the package's folder *.dist-info.\n")
    print(*lines(), sep="\n")
