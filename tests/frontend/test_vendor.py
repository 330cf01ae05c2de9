"""The committed third-party files are the ones that VENDOR.json describes."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
ENTRIES: list[dict[str, Any]] = json.loads((STATIC / "vendor" / "VENDOR.json").read_text())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_vendored_files_have_the_recorded_hash(entry: dict[str, Any]) -> None:
    for part in entry["files"]:
        content = (STATIC / part["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == part["sha256"], part["file"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_vendored_things_carry_version_and_licence(entry: dict[str, Any]) -> None:
    assert entry["version"]
    assert entry["licence"] in {"0BSD", "Apache-2.0", "MIT", "OFL-1.1"}
    assert (STATIC / entry["licence_file"]).stat().st_size > 200


def test_every_file_in_vendor_is_recorded() -> None:
    recorded = {part["file"] for entry in ENTRIES for part in entry["files"]}
    present = {f"vendor/{path.name}" for path in (STATIC / "vendor").iterdir()} - {"vendor/VENDOR.json"}
    assert present <= recorded


def test_versions_agree_with_the_package_file() -> None:
    wanted = json.loads((ROOT / "frontend" / "package.json").read_text())["devDependencies"]
    for entry in ENTRIES:
        assert wanted[entry["name"]] == entry["version"], entry["name"]


def test_lock_file_names_no_download_address() -> None:
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []


def test_sprite_holds_exactly_the_listed_icons() -> None:
    lines = (ROOT / "frontend" / "icons.txt").read_text().splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    sprite = (STATIC / "icons" / "sprite.svg").read_text()
    assert names == sorted(set(names))
    assert sprite.count("<symbol ") == len(names)
    assert [name for name in names if f'<symbol id="{name}"' not in sprite] == []
