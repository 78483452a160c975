"""Where Chromium comes from: `.ci/browser`, on machines that are made up of a few programs each."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.console.browser import INSTALL, NOTHING_THERE

PROGRAM = "#!/bin/sh\n"
INSTALLS = (
    f'{PROGRAM}echo "$@" >> log\n[ "$1" = update ] || {{ echo \'#!/bin/sh\' > bin/chromium; chmod +x bin/chromium; }}\n'
)


def run(folder: Path, **programs: str) -> subprocess.CompletedProcess[str]:
    """The script where there are these programs, and what it needs of every machine."""
    (folder / "bin").mkdir()
    for name in ("bash", "env", "dirname", "chmod", "sh"):
        (folder / "bin" / name).symlink_to(str(shutil.which(name)))
    for name, text in programs.items():
        path = folder / "bin" / name.replace("_", "-")
        path.write_text(text)
        path.chmod(0o755)
    environ = {"PATH": str(folder / "bin")}
    return subprocess.run(
        [folder / "bin" / "bash", INSTALL], cwd=folder, env=environ, capture_output=True, text=True, timeout=60
    )


def test_one_that_is_there_is_taken(tmp_path: Path) -> None:
    done = run(tmp_path, google_chrome=PROGRAM, apt_get=INSTALLS)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/bin/google-chrome\n")
    assert not (tmp_path / "log").exists()


def test_root_installs_it(tmp_path: Path) -> None:
    done = run(tmp_path, apt_get=INSTALLS, id=f"{PROGRAM}echo 0\n")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/bin/chromium\n"), done.stderr
    assert "chromium" in (tmp_path / "log").read_text()


def test_who_needs_no_password_for_sudo_installs_it(tmp_path: Path) -> None:
    done = run(
        tmp_path, apt_get=INSTALLS, id=f"{PROGRAM}echo 1000\n", sudo=f'{PROGRAM}shift\n[ "$1" = true ] || "$@"\n'
    )
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/bin/chromium\n"), done.stderr


def test_who_may_not_is_told_what_to_do(tmp_path: Path) -> None:
    done = run(tmp_path, apt_get=INSTALLS, id=f"{PROGRAM}echo 1000\n", sudo=f"{PROGRAM}exit 1\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "sudo apt-get install chromium" in done.stderr


def test_without_apt_get_there_is_nothing_to_do(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (NOTHING_THERE, "")
    assert done.stderr.count("\n") == 1
