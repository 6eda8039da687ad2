"""Writes the bill of materials of the binary: `sbom.py RAW TREE BILL`.

RAW is what cargo-cyclonedx wrote, TREE what `cargo tree --prefix none --format '{p}'` lists: every crate that the binary is
built of. BILL is RAW without the rest: cargo-cyclonedx also lists optional crates that no feature turns on (a MySQL driver),
and a scanner would report what is wrong with them.

BILL is written only if it is CycloneDX, and if every crate of TREE is in it with its version, a licence and, but for the
program itself, the SHA-256 that Cargo.lock holds it to.
"""

import json
import pathlib
import sys
import tomllib

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

raw, tree, target = map(pathlib.Path, sys.argv[1:])
root = pathlib.Path(__file__).resolve().parent.parent
bill = json.loads(raw.read_text())
lock = tomllib.loads((root / "Cargo.lock").read_text())
checksums = {(package["name"], package["version"]): package.get("checksum") for package in lock["package"]}
built = {tuple(line.split()[:2]) for line in tree.read_text().splitlines() if line}
built = {(name, version.removeprefix("v")) for name, version in built}

kept = [component for component in bill["components"] if (component["name"], component["version"]) in built]
references = {component["bom-ref"] for component in kept} | {bill["metadata"]["component"]["bom-ref"]}
bill["components"] = kept
bill["dependencies"] = [
    entry | {"dependsOn": [reference for reference in entry.get("dependsOn", []) if reference in references]}
    for entry in bill["dependencies"]
    if entry["ref"] in references
]

program = bill["metadata"]["component"]
listed = {(component["name"], component["version"]): component for component in kept}
wrong = [f"{crate} is not in it" for crate in built - listed.keys() - {(program["name"], program["version"])}]
for crate, component in listed.items():
    hashes = {entry["alg"]: entry["content"] for entry in component.get("hashes", [])}
    if not checksums.get(crate) or hashes.get("SHA-256") != checksums[crate]:
        wrong.append(f"{crate} has not the hash of Cargo.lock")
    if not component.get("licenses"):
        wrong.append(f"{crate} has no licence")
if len(kept) < 100:
    wrong.append(f"only {len(kept)} crates")
# Where it was built is nobody's business.
text = json.dumps(bill, indent=2).replace(f"path+{root.as_uri()}#", "") + "\n"
if error := JsonStrictValidator(SchemaVersion.V1_5).validate_str(text):
    wrong.append(f"not CycloneDX 1.5: {error}")
if wrong:
    sys.exit("\n".join(wrong))
target.write_text(text)
print(f"{len(kept)} crates, each with version, licence and hash; valid CycloneDX 1.5: {target}")
