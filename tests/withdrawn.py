"""Asks the registry whether a release in Cargo.lock was withdrawn ("yanked") by its authors.

    tests/withdrawn.py CARGO_LOCK

Cargo goes on with a withdrawn release where the lock file has it, and says nothing. So a package is made that wants each of
them, exactly, and has no lock file: for it Cargo does not take one that was withdrawn, and says which. It is Cargo that
asks, of whichever registry it is told to use; nothing is downloaded but the index.

A registry that does not tell would let everything pass. So it is asked for one release too that was withdrawn long ago.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

# Withdrawn years ago.
KNOWN = ("futures-util", "0.3.24")


def releases(lock):
    """Name and version of everything in a lock file that comes from a registry."""
    found = []
    for package in lock.split("[[package]]")[1:]:
        fields = dict(re.findall(r'^(name|version|source) = "([^"]*)"$', package, re.MULTILINE))
        if fields.get("source", "").startswith("registry+"):
            found.append((fields["name"], fields["version"]))
    return found


def manifest(wanted):
    lines = [
        '[package]\nname = "every-locked-release"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[dependencies]\n'
    ]
    for number, (name, version) in enumerate(wanted):
        lines.append(f'r{number} = {{ package = "{name}", version = "={version}", default-features = false }}\n')
    return "".join(lines)


def ask(wanted):
    """What Cargo says, and whether it takes all of them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "src").mkdir()
        Path(folder, "src/lib.rs").touch()
        Path(folder, "Cargo.toml").write_text(manifest(wanted))
        asked = subprocess.run(
            ["cargo", "generate-lockfile", "--color", "never"], cwd=folder, capture_output=True, text=True, check=False
        )
        return asked.returncode == 0, asked.stderr


def main(path):
    wanted = releases(Path(path).read_text())
    if len(wanted) < 100:
        sys.exit(f"{path} has {len(wanted)} releases of a registry: that cannot be all")
    taken, said = ask([KNOWN])
    if taken or "is yanked" not in said:
        sys.exit(f"the registry does not say that {' '.join(KNOWN)} was withdrawn:\n{said}")
    taken, said = ask(wanted)
    if not taken:
        sys.exit(f"a release in {path} was withdrawn, or the registry cannot be asked:\n{said}")
    print(f"{len(wanted)} releases, none withdrawn")


if __name__ == "__main__":
    main(*sys.argv[1:])
