"""Which files a command is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cli.refusal import Refused
from engine.folder import module_name

CASES = ".cases.json"


def scripts(paths: Sequence[Path]) -> list[Path]:
    """The rules' files: those given, and in folders, at any depth, each `*.py`. Every file once.

    Raises `Refused` for a path that is not there, and a folder without rules.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            below = [file for file in _walk(path) if file.suffix == ".py"]
            if not below:
                raise Refused(f"{path}: no rules (`*.py`) in this folder")
            found |= dict.fromkeys(below)
        else:
            _require_there(path)
            found[path] = None
    return list(found)


def with_cases(paths: Sequence[Path]) -> tuple[list[tuple[Path, Path]], list[Path]]:
    """The rules' files with their case files, and the rules in folders that have none.

    Raises `Refused` for a path that is not there, a rule given by name that has no cases, cases without their rule, and
    where there are no cases at all.
    """
    pairs: dict[tuple[Path, Path], None] = {}
    without: list[Path] = []
    for path in paths:
        if path.is_dir():
            files = set(_walk(path))
            pairs |= dict.fromkeys(_pair(file) for file in sorted(files) if file.name.endswith(CASES))
            without += [file for file in sorted(files) if file.suffix == ".py" and file.with_suffix(CASES) not in files]
            without = [file for file in without if module_name(file) is None]
        else:
            _require_there(path)
            pairs[_pair(path)] = None
    if not pairs:
        raise Refused(f"no cases (`*{CASES}`) in {', '.join(str(path) for path in paths)}: `claimsmith new` shows how")
    return list(pairs), without


def _pair(path: Path) -> tuple[Path, Path]:
    if path.name.endswith(CASES):
        rule, cases = path.with_name(path.name.removesuffix(CASES) + ".py"), path
    elif path.suffix == ".py":
        rule, cases = path, path.with_suffix(CASES)
    else:
        raise Refused(f"{path}: neither a rule (`NAME.py`) nor its cases (`NAME{CASES}`)")
    for one, other in ((rule, cases), (cases, rule)):
        if not one.is_file():
            raise Refused(f"{one}: no such file, which belongs to {other.name}")
    return rule, cases


def _walk(folder: Path) -> Iterator[Path]:
    """The files below a folder, but for hidden ones."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in parts):
            yield path


def _require_there(path: Path) -> None:
    if not path.exists():
        raise Refused(f"{path}: no such file or folder")
