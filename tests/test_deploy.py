"""The files to run precall with fit the program, and are what systemd and compose read."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.__main__ import app
from bot.config import SETTINGS
from bot.server import Grace

DEPLOY = Path(__file__).parents[1] / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
COMMANDS = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
WITHIN = Grace().work_seconds + Grace().tell_seconds


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_each_unit(unit: Path, tmp_path: Path) -> None:
    verifier = shutil.which("systemd-analyze")
    if verifier is None:
        pytest.skip("systemd-analyze is not here")
    for each in UNITS:  # precall is not installed where the test runs; everything else is checked as it is
        text = each.read_text("utf-8").replace("/opt/precall/.venv/bin/precall", "/bin/true")
        (tmp_path / each.name).write_text(text, "utf-8")

    checked = subprocess.run(  # noqa: S603 - the verifier itself
        [verifier, "verify", "--man=no", str(tmp_path / unit.name)], capture_output=True, text=True, check=False
    )

    assert (checked.returncode, [line for line in checked.stderr.splitlines() if "precall" in line]) == (0, [])


def test_units_and_compose_run_commands_that_there_are() -> None:
    texts = "".join(path.read_text("utf-8") for path in (*UNITS, DEPLOY / "compose.yaml"))

    called = re.findall(r"(?:bin/precall|\bprecall kb && exec precall) (\w+)", texts)

    assert {"serve", "kb", "build"} <= set(called)
    assert set(called) <= COMMANDS


def test_the_bot_has_more_time_to_end_than_it_takes() -> None:
    unit = (DEPLOY / "precall.service").read_text("utf-8")
    [stop] = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)

    assert WITHIN < 20
    assert int(stop) > 20
    assert int(compose()["services"]["bot"]["stop_grace_period"].removesuffix("s")) > 20


def test_compose_starts_the_bot_with_a_database_and_keeps_what_it_learnt() -> None:
    services = compose()["services"]

    assert set(services) == {"bot", "build", "database"}
    assert services["bot"]["build"]["dockerfile"] == "deploy/Dockerfile"
    assert set(services["bot"]["environment"]) <= {setting.name for setting in SETTINGS}
    assert services["bot"]["volumes"] == services["build"]["volumes"] == ["home:/var/lib/precall"]
    assert services["build"]["profiles"] == ["build"]
    assert {"home", "database"} == set(compose()["volumes"])


def test_the_image_holds_every_package_and_what_is_read_beside_them() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    allowed = (DEPLOY.parent / ".dockerignore").read_text("utf-8").splitlines()

    for name in ("bot", "kb", "pipeline", "storage"):
        assert f"COPY {name} {name}" in dockerfile
        assert f"!{name}/" in allowed
    for name in ("pyproject.toml", "uv.lock", "README.md", "LICENSE", "manifest.json"):
        assert name in dockerfile
        assert f"!{name}" in allowed


def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
