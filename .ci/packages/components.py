#!/usr/bin/python3
"""What is linked into the program: its licences as a text, or a CycloneDX document.

    components.py licences|sbom VERSION TARGET...

The crates are those that cargo builds for any of the TARGETs; their texts are read from the sources
that cargo downloaded, so no network is used. SOURCE_DATE_EPOCH is the time in the document.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import uuid
from datetime import datetime, timezone

TEXTS = ("LICEN", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")
# The name of the crate, and where its licence is if its sources have none: with its neighbour in one repository.
NEIGHBOURS = {"asn1-rs-impl": "asn1-rs"}


def cargo(*words):
    command = ["cargo", *words, "--locked", "--offline"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def crates(targets):
    """The packages that the program of any target is built from, without those for tests and build scripts."""
    wanted = set()
    for target in targets:
        tree = cargo("tree", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--target", target)
        wanted |= {tuple(line.split()[:2]) for line in tree.splitlines() if line}
    platforms = [word for target in targets for word in ("--filter-platform", target)]
    metadata = json.loads(cargo("metadata", "--format-version", "1", *platforms))
    found = [p for p in metadata["packages"] if (p["name"], "v" + p["version"]) in wanted]
    if len(found) != len(wanted):
        sys.exit(f"components.py: cargo tree has {len(wanted)} packages, and cargo metadata {len(found)} of them")
    return sorted(found, key=lambda p: (p["name"], p["version"]))


def expression(package):
    """The licence in SPDX's notation; old packages have a slash for OR."""
    if not package["license"]:
        sys.exit(f"components.py: {package['name']} has no `license`")
    return re.sub(r"\s*/\s*", " OR ", package["license"])


def texts(package):
    """The texts of the package's licences: a list of (name of the file, text)."""
    folder = os.path.dirname(package["manifest_path"])
    names = [n for n in os.listdir(folder) if n.upper().startswith(TEXTS) and os.path.isfile(os.path.join(folder, n))]
    return [(name, read(os.path.join(folder, name))) for name in sorted(names)]


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return "\n".join(line.rstrip() for line in file.read().replace("\r", "").strip("\n").split("\n")) + "\n"


def licences(packages):
    """One text is printed once, with the crates that have it."""
    others = [p for p in packages if p["name"] != "sslscale"]
    by_name = {p["name"]: p for p in others}
    users = {}
    print("The programs and libraries that are linked into sslscale, and their licences.\n")
    for package in others:
        found = texts(package) or texts(by_name[NEIGHBOURS.get(package["name"], package["name"])])
        if not found:
            sys.exit(f"components.py: the sources of {package['name']} have no licence text")
        for _, text in found:
            users.setdefault(text, []).append(f"{package['name']} {package['version']}")
        authors = "; ".join(re.sub(r"\s*<[^>]*>", "", author) for author in package["authors"])
        print(f"{package['name']} {package['version']}: {expression(package)}" + (f" ({authors})" if authors else ""))
    print("Rust's standard library: MIT OR Apache-2.0; texts in rust-library-copyright.html")
    print("musl, the C library: MIT; text in musl-copyright")
    for text, names in users.items():
        print("\n" + "=" * 100 + f"\n{', '.join(names)}\n" + "-" * 100 + "\n\n" + text, end="")


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, sums):
    found = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "scope": "required",
        "licenses": [{"expression": expression(package)}],
        "purl": purl(package),
    }
    if (package["name"], package["version"]) in sums:
        found["hashes"] = [{"alg": "SHA-256", "content": sums[package["name"], package["version"]]}]
    if package["description"]:
        found["description"] = " ".join(package["description"].split())
    if package["repository"]:
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def checksums():
    with open("Cargo.lock", encoding="utf-8") as file:
        entries = re.findall(r'name = "(.*)"\nversion = "(.*)"\nsource = .*\nchecksum = "(.*)"', file.read())
    return {(name, version): checksum for name, version, checksum in entries}


def edges(targets, packages):
    """For each package, those that it uses directly."""
    known = {f"{p['name']} v{p['version']}": purl(p) for p in packages}
    found = {ref: set() for ref in known.values()}
    for target in targets:
        tree = cargo("tree", "--edges", "normal", "--prefix", "depth", "--no-dedupe", "--format", " {p}", "--target", target)
        path = []
        for line in tree.splitlines():
            depth, name, version = line.split()[:3]
            path = path[: int(depth)] + [known[f"{name} {version}"]]
            if len(path) > 1:
                found[path[-2]].add(path[-1])
    return [{"ref": ref, "dependsOn": sorted(uses)} for ref, uses in sorted(found.items())]


def sbom(packages, version, targets):
    sums = checksums()
    own = next(p for p in packages if p["name"] == "sslscale")
    rustc = subprocess.run(["rustc", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[1]
    main = component(own, {}) | {"type": "application", "version": version}
    del main["scope"]
    toolchain = {"type": "library", "name": "rust-std", "version": rustc, "bom-ref": f"rust-std@{rustc}",
                 "scope": "required", "licenses": [{"expression": "MIT OR Apache-2.0"}]}
    # rustc does not say which version of musl it brings.
    musl = {"type": "library", "name": "musl", "bom-ref": "musl", "scope": "required",
            "licenses": [{"expression": "MIT"}]}
    others = [component(p, sums) for p in packages if p is not own]
    uses = edges(targets, packages)
    next(e for e in uses if e["ref"] == main["bom-ref"])["dependsOn"] += ["musl", toolchain["bom-ref"]]
    time = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), timezone.utc)
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": main},
        "components": others + [toolchain, musl],
        "dependencies": uses + [{"ref": "musl"}, {"ref": toolchain["bom-ref"]}],
    }
    # A number of its own for each content, and no other for the same.
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    document["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, digest).urn
    json.dump(document, sys.stdout, indent=2, sort_keys=True)
    print()


def main():
    what, version, *targets = sys.argv[1:]
    packages = crates(targets)
    if what == "licences":
        licences(packages)
    elif what == "sbom":
        sbom(packages, version, targets)
    else:
        sys.exit(__doc__)


main()
