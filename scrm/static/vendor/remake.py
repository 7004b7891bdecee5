"""Makes the vendored files anew with `npm pack` and says what differs from vendor.toml: `python remake.py`.

After a change of version: put the integrity that it prints into vendor.toml, then the sums.
"""

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def packages() -> list[dict[str, Any]]:
    return tomllib.loads((HERE / "vendor.toml").read_text())["package"]


def folder_of(package: dict[str, Any]) -> Path:
    return HERE / f"{package['name'].removeprefix('@').replace('/', '-')}-{package['version']}"


def place_of(package: dict[str, Any], file: dict[str, str]) -> Path:
    return folder_of(package) / file.get("to", Path(file["from"]).name)


def wrong_files() -> list[str]:
    """What is missing here or differs from vendor.toml."""
    return [
        f"{place.relative_to(HERE)} is {found or 'missing'}"
        for package in packages()
        for file in package["files"]
        if (found := _sum(place := place_of(package, file))) != file["sha256"]
    ]


def remake(package: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as temp:
        spec = f"{package['name']}@{package['version']}"
        told = subprocess.run(["npm", "pack", "--silent", spec], cwd=temp, check=True, capture_output=True, text=True)
        archive = Path(temp) / told.stdout.strip().splitlines()[-1]
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if integrity != package["integrity"]:
            raise SystemExit(f"{spec} has integrity {integrity}, vendor.toml says otherwise")
        folder_of(package).mkdir(exist_ok=True)
        with tarfile.open(archive) as packed:
            for file in package["files"]:
                member = packed.extractfile(f"package/{file['from']}")
                assert member is not None, file["from"]
                place_of(package, file).write_bytes(member.read())


def _sum(place: Path) -> str:
    return hashlib.sha256(place.read_bytes()).hexdigest() if place.exists() else ""


if __name__ == "__main__":
    for package in packages():
        print(package["name"], package["version"])
        remake(package)
    if wrong := wrong_files():
        sys.exit("\n".join(wrong))
