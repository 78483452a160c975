from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.keys import LABELS, BadSecret, Keys, read_or_make_secret

CURRENT, PREVIOUS = "c" * 32, "p" * 32


def test_one_key_for_each_label_and_secret() -> None:
    keys = Keys(CURRENT, PREVIOUS)
    derived = [key for label in LABELS for key in keys.derive_all(label)]
    assert len(set(derived)) == 2 * len(LABELS)
    assert {len(key) for key in derived} == {32}


def test_the_derivation_never_changes() -> None:
    expected = HKDF(SHA256(), 32, None, b"claimsmith/1/caller-tokens").derive(CURRENT.encode())
    assert Keys(CURRENT).derive("caller-tokens") == expected
    assert expected.hex() == "29c6ee18fad977f2b39362e3775bdcbec02718c4efa473aeb3c2c42453b05b81"


def test_current_stands_before_previous() -> None:
    both = Keys(CURRENT, PREVIOUS)
    assert both.derive_all("key-check") == (
        Keys(CURRENT).derive("key-check"),
        Keys(PREVIOUS).derive("key-check"),
    )
    assert both.derive("key-check") == both.derive_all("key-check")[0]
    assert Keys(CURRENT).derive_all("key-check") == (both.derive("key-check"),)


def test_labels_are_those_of_the_table() -> None:
    with pytest.raises(ValueError, match="`tokens` is not a key label"):
        Keys(CURRENT).derive("tokens")


def test_secrets_do_not_leave() -> None:
    keys = Keys(CURRENT, PREVIOUS)
    keys.derive("caller-tokens")
    assert repr(keys) == "<Keys: 2 master secrets>"
    with pytest.raises(TypeError):
        pickle.dumps(keys)
    for short in (("short",), (CURRENT, "short")):
        with pytest.raises(BadSecret, match="shorter than 32 characters") as refused:
            Keys(*short)
        assert "`short`" not in str(refused.value)


def test_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    mask = os.umask(0)
    try:
        secret = read_or_make_secret(data)
    finally:
        os.umask(mask)
    assert len(secret) >= 32
    assert read_or_make_secret(data) == secret
    assert data.stat().st_mode & 0o777 == 0o700
    assert [(file.name, file.stat().st_mode & 0o777) for file in data.iterdir()] == [("secret", 0o600)]


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from engine.keys import read_or_make_secret\n"
        "sys.stdin.readline(); print(read_or_make_secret(Path(sys.argv[1])))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "data")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = {process.communicate(timeout=60)[0] for process in started}
    assert len(answers) == 1
    assert len(answers.pop().strip()) >= 32
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["secret"]


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        (CURRENT.encode(), 0o640, "open to other users (mode 0640); run `chmod 600 {path}`"),
        (CURRENT.encode(), 0o604, "open to other users (mode 0604); run `chmod 600 {path}`"),
        (b" \n", 0o600, "empty; restore it from a backup, or delete it to make a new secret"),
        (b"short", 0o600, "shorter than 32 characters; restore it from a backup"),
        (b"\xff" * 40, 0o600, "not text; restore it from a backup"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(tmp_path: Path, content: bytes, mode: int, message: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(BadSecret) as refused:
        read_or_make_secret(tmp_path)
    assert str(refused.value) == f"{path}: {message.format(path=path)}"
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadSecret, match="make the data folder writable or set CLAIMSMITH_SECRET"):
        read_or_make_secret(tmp_path / "file" / "data")
    (tmp_path / "secret").mkdir()
    with pytest.raises(BadSecret, match="is a directory"):
        read_or_make_secret(tmp_path)
