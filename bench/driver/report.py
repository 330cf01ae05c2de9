"""Results as a file of figures and as a table to read."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

SIDES = ("ours", "reference", "sql")


def write(found: dict[str, Any], folder: Path) -> Path:
    """Write `<date>-<commit>-<size>.json` and the table beside it; the path of the first."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    found["commit"] = commit.stdout.strip() or "unknown"
    found["date"] = datetime.now(UTC).date().isoformat()
    found["machine"] = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{found['date']}-{found['commit']}-{found['size']}.json"
    path.write_text(json.dumps(found, indent=1) + "\n")
    path.with_suffix(".md").write_text(table(found))
    return path


def table(found: Mapping[str, Any]) -> str:
    """The results in Markdown."""
    lines = [
        f"{found['size']:,} records, {found['rounds']} rounds, commit {found['commit']}, {found['date']}.",
        "",
        "| work | ours /s | reference /s | SQL /s | ours ÷ reference (spread) | p50 / p95 ms | reference p50 / p95 ms |"
        " CPU ms ours : reference | in process | database CPU ms | statements |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(_row(work, sides, found) for work, sides in found["works"].items()),
        "",
        *_alone(found),
    ]
    return "\n".join(lines) + "\n"


def ratios(sides: Mapping[str, Sequence[Mapping[str, float]]]) -> list[float]:
    """Ours to the reference's speed, round by round."""
    pairs = zip(sides["ours"], sides["reference"], strict=True)
    return [ours["per_second"] / reference["per_second"] for ours, reference in pairs]


def _row(work: str, sides: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    speeds = [f"{_middle(sides[side], 'per_second'):,.0f}" for side in SIDES]
    compared = ratios(sides)
    times = [f"{_middle(sides[side], 'p50'):.1f} / {_middle(sides[side], 'p95'):.1f}" for side in SIDES[:2]]
    server = " : ".join(f"{_middle(sides[side], 'server_ms'):.2f}" for side in SIDES[:2])
    database = " : ".join(f"{_middle(sides[side], 'database_ms'):.2f}" for side in SIDES[:2])
    name = work.partition("@")[0]
    counts, alone = ("–", "–")
    if name in found["statements"]["ours"]:
        counts = " : ".join(str(found["statements"][side][name]) for side in SIDES[:2])
        alone = " : ".join(f"{found['processor_ms'][side][name]:.2f}" for side in SIDES[:2])
    ratio = f"**{median(compared):.2f}** ({min(compared):.2f}–{max(compared):.2f})"
    return "| " + " | ".join([work, *speeds, ratio, *times, server, alone, database, counts]) + " |"


def _alone(found: Mapping[str, Any]) -> list[str]:
    robots = found["robots"]
    lines = [
        "| ours alone | |",
        "|---|---|",
        f"| robots | {robots['per_second']:,.0f} runs/s ({robots['runs']} runs) |",
        f"| created → done | p50 {robots['done_p50']:.2f} s, p95 {robots['done_p95']:.2f} s |",
        f"| due → start | p50 {robots['late_p50']:.2f} s, p95 {robots['late_p95']:.2f} s |",
    ]
    if idle := found.get("idle"):
        lines += [
            f"| memory, all processes idle | {idle['memory']:.0f} MiB |",
            f"| start to first page | {idle['next_start']:.1f} s (the very first, which makes the database,"
            f" {idle['first_start']:.1f} s) |",
        ]
    return lines


def _middle(rounds: Sequence[Mapping[str, float]], key: str) -> float:
    return median(measured[key] for measured in rounds)
