"""Every bench in one table: `make bench`, or `python bench/run.py [--quick] [--only explain,allocate]`.

A bench is a module of this folder with

    PACKAGES = ("numba", "shap")  # whose versions matter

    def rows(*, quick: bool) -> Iterator[Row]: ...

where `Row` is `row.Row`. It yields a row as soon as it is measured, runs its peers in the same process on the same
inputs, in turn, and takes the median of at least five runs (fewer where one takes a minute); it takes a few
minutes, and with ``quick`` half a minute, on inputs as small as that needs. A peer that is not installed is a row
without a figure that says so. Nothing is extrapolated: a peer that is too slow is stopped, and the row says when.

Each bench runs in a process of its own, one after the other. The table goes to the terminal and, unless it is a quick
or partial run, to RESULTS.md.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from row import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
HEADER = "| What | Ours | Peer | Peer's | Peer's / ours | Note |\n|---|---:|---|---:|---:|---|"
SMALL = 0.001


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small inputs, to see that everything runs")
    parser.add_argument("--only", default="", help="the names of benches, separated by commas")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        run_child(asked.child, quick=asked.quick)
        return
    names = asked.only.split(",") if asked.only else find_benches()
    sections = [run_bench(name, quick=asked.quick) for name in names]
    if not asked.quick and not asked.only:
        RESULTS.write_text(f"{describe_machine()}\n\n" + "\n\n".join(sections) + "\n", "utf-8")
        print(f"Wrote {RESULTS}.")


def find_benches() -> list[str]:
    """Return the names of the modules here that have `rows`, read without running them."""
    return [
        path.stem
        for path in sorted(HERE.glob("*.py"))
        if any(
            isinstance(node, ast.FunctionDef) and node.name == "rows"
            for node in ast.parse(path.read_text("utf-8")).body
        )
    ]


def run_child(name: str, *, quick: bool) -> None:
    """Print the versions and then each row of one bench as a line of JSON, for the process that started this one."""
    bench: Any = importlib.import_module(name)
    print(json.dumps({package: find_version(package) for package in bench.PACKAGES}), flush=True)
    for row in bench.rows(quick=quick):
        print(json.dumps(row._asdict()), flush=True)


def run_bench(name: str, *, quick: bool) -> str:
    """Run one bench, print its table as it grows, and return it."""
    lines = [f"## {name}", ""]
    print(lines[0], flush=True)
    command = [sys.executable, str(HERE / "run.py"), "--child", name, *(["--quick"] if quick else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603 - our own script
        for line in format_lines(child):
            print(line, flush=True)
            lines.append(line)
    if child.returncode:
        lines.append(f"\nIt stopped with exit code {child.returncode}.")
        print(lines[-1], flush=True)
    return "\n".join(lines)


def format_lines(child: subprocess.Popen[str]) -> Iterator[str]:
    """Yield the lines of a bench's section from what its process prints; what is no JSON goes to the terminal only."""
    headed = False
    for line in child.stdout or ():
        try:
            found = json.loads(line)
        except json.JSONDecodeError:
            print(line, end="", file=sys.stderr)
            continue
        if not headed:
            yield ", ".join(f"{package} {number}" for package, number in found.items()) + "\n"
            yield HEADER
            headed = True
            continue
        yield format_row(Row(**found))


def format_row(row: Row) -> str:
    ratio = "" if row.ratio is None else f"{row.ratio:,.1f}x" if row.ratio >= 1 else f"{row.ratio:.2f}x"
    theirs = "" if row.theirs is None else format_figure(row.theirs, row.unit)
    return f"| {row.what} | {format_figure(row.ours, row.unit)} | {row.peer} | {theirs} | {ratio} | {row.note} |"


def format_figure(value: float, unit: str) -> str:
    if unit == "s" and 0 < value < 1:
        value, unit = (value * 1e3, "ms") if value >= SMALL else (value * 1e6, "µs")
    return f"{value:,.3g} {unit}" if abs(value) < 1000 else f"{value:,.0f} {unit}"  # noqa: PLR2004 - as many digits


def find_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def describe_machine() -> str:
    return (
        f"# What was measured\n\n`make bench` on {datetime.now(UTC):%Y-%m-%d}: Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end. Medians of interleaved runs in one process "
        "per bench, wall time; every bench is a script of this folder."
    )


if __name__ == "__main__":
    main()
