#!/bin/bash
# Names all that `make setup` needs and does not find, and how to get it, before anything is fetched.
# Usage: prerequisites.sh PYTHON; ends with 2 where something is missing.
python=$1
missing=0

need() {  # what is missing, then the packages that bring it on Debian, Fedora and macOS
    missing=1
    printf 'seep: %s\n' "$1" >&2
    printf '        Debian: %s   Fedora: %s   macOS: %s\n' "$2" "$3" "$4" >&2
}

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
case $version in
    3.11 | 3.12)
        "$python" -c 'import ensurepip, venv' 2>/dev/null ||
            need "$python: it cannot make environments" "apt install python$version-venv" "dnf install python$version" "brew install python@$version" ;;
    "") need "$python: expected Python 3.11 or 3.12; another one is named by make PYTHON=..." \
            "apt install python3.11-venv" "dnf install python3.11" "brew install python@3.11" ;;
    *) need "$python: expected Python 3.11 or 3.12, and it is $version; another one is named by make PYTHON=..." \
            "apt install python3.11-venv" "dnf install python3.11" "brew install python@3.11" ;;
esac

java_version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')
if [ "${java_version:-0}" -lt 17 ]; then
    need "java: expected Java 17 or newer, for the Kafka broker" "apt install openjdk-17-jre-headless" "dnf install java-17-openjdk-headless" "brew install openjdk@17"
fi
command -v mvn >/dev/null ||
    need "mvn: expected Maven, which fetches the Kafka broker" "apt install maven" "dnf install maven" "brew install maven"

# An environment that is there already needs no more room.
if [ ! -x .venv/bin/python ]; then
    free_gb=$(df -Pk . | awk 'NR == 2 {print int($4 / 1048576)}')
    if [ "$free_gb" -lt 10 ]; then
        missing=1
        printf 'seep: %s: expected 10 GB of free disk, and there are %s\n' "$PWD" "$free_gb" >&2
    fi
fi
[ "$missing" = 0 ] || exit 2
