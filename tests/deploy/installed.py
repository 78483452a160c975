"""Claimsmith as others get it: built from what the image is built from, installed into an environment of its own, and
run there."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.documents import DEPLOY, ROOT
from tests.servers import TRUST

PATIENCE = 60.0
BUILD = "import sys; from setuptools.build_meta import build_{kind}; print(build_{kind}(sys.argv[1]))"


def context(folder: Path) -> Path:
    """A copy of what `Dockerfile.dockerignore` leaves of this repository."""
    lines = [line for line in (DEPLOY / "Dockerfile.dockerignore").read_text().split() if not line.startswith("#")]
    skipped = shutil.ignore_patterns(*(line.removeprefix("**/") for line in lines if line.startswith("**/")))
    folder.mkdir()
    for line in lines:
        source = ROOT / line.removeprefix("!")
        if line.startswith("!") and source.is_dir():
            shutil.copytree(source, folder / source.name, ignore=skipped)
        elif line.startswith("!"):
            shutil.copy(source, folder)
    return folder


def build(kind: str, source: Path, out: Path) -> Path:
    """The file that `pip` would make: a `wheel` or an `sdist`. Nothing is fetched."""
    command = [sys.executable, "-W", "ignore", "-c", BUILD.format(kind=kind), str(out)]
    ended = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return out / ended.stdout.split()[-1]


def needed(requirements: list[str]) -> dict[str, importlib.metadata.Distribution]:
    """What an installation of these brings along, by name, taken from this environment."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [Requirement(one) for one in requirements]
    while waiting:
        wanted = waiting.pop()
        distribution = importlib.metadata.distribution(wanted.name)
        found[canonicalize_name(wanted.name)] = distribution
        for extra in ("", *wanted.extras):
            for text in distribution.requires or ():
                further = Requirement(text)
                applies = further.marker is None or further.marker.evaluate({"extra": extra})
                if applies and (canonicalize_name(further.name) not in found or further.extras):
                    waiting.append(further)
    return found


def install(wheel: Path, folder: Path) -> Path:
    """A virtual environment that holds the wheel, what it declares to need, and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=PATIENCE)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, str(wheel)], check=True, timeout=PATIENCE, stderr=subprocess.DEVNULL)
    (site,) = folder.glob("lib/python*/site-packages")
    (declared,) = importlib.metadata.distributions(name="claimsmith", path=[str(site)])
    plain = [text for text in declared.requires or () if "extra ==" not in text]
    for distribution in needed(plain).values():
        for file in distribution.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:  # programs of others are not needed
                target = site / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(distribution.locate_file(file)), target)
    return folder


@dataclass
class Running:
    """A service, its log lines and what it answers."""

    process: subprocess.Popen[bytes]
    log: Path
    program: Path
    environ: dict[str, str]

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def address(self) -> str:
        """Waits until it serves."""
        end = time.monotonic() + PATIENCE
        while not (serving := [line for line in self.lines() if line["event"] == "serving"]):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)
        return str(serving[0]["address"])

    def token(self) -> str:
        """An administrator's, when it serves."""
        self.address()
        command = [str(self.program), "token", "--scope", "admin"]
        ended = subprocess.run(command, env=self.environ, capture_output=True, text=True, check=True, timeout=PATIENCE)
        return ended.stdout.strip()

    def client(self) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self.token()}"}
        return httpx2.Client(base_url=self.address(), headers=headers, timeout=10, verify=TRUST)


@contextmanager
def running(
    folder: Path, installed: Path, under: str, writable: Path | None, environ: dict[str, str]
) -> Iterator[Running]:
    """`claimsmith serve` with this environment and nothing else in it, under a row of `container.FILTERS`."""
    program = installed / "bin" / "claimsmith"
    helper = [sys.executable, "-m", "tests.deploy.container", under, str(writable or "-"), str(installed)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*helper, str(program), "serve", "--port", "0"],
            cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield Running(process, folder / "log", program, environ)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    text = (folder / "log").read_text()
    assert (code, "Traceback" in text) == (0, False), text
