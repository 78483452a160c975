"""A script made smaller while the same thing still happens, line by line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

MOST_TRIES = 600


async def minimised(script: str, happens: Callable[[str], Awaitable[bool]]) -> str:
    """The smallest script found for which `happens` still says yes."""
    lines, tries = script.splitlines(), 0
    size = max(len(lines) // 2, 1)
    while tries < MOST_TRIES:
        smaller = False
        at = 0
        while at < len(lines) and tries < MOST_TRIES:
            for fewer in _without(lines, at, size):
                tries += 1
                if await happens("\n".join(fewer) + "\n"):
                    lines, smaller = fewer, True
                    break
            else:
                at += size
        if size == 1 and not smaller:
            break
        size = max(size // 2, 1)
    return "\n".join(lines) + "\n"


def _without(lines: list[str], at: int, size: int) -> list[list[str]]:
    """`lines` without some, and without the head of a block whose body moves out."""
    fewer = [[*lines[:at], *lines[at + size :]]]
    if size == 1 and lines[at].endswith(":"):
        depth = _depth(lines[at])
        end = at + 1
        while end < len(lines) and (_depth(lines[end]) > depth or not lines[end].strip()):
            end += 1
        fewer.append([*lines[:at], *(line[4:] for line in lines[at + 1 : end]), *lines[end:]])
        rest = end
        while (
            rest < len(lines)
            and lines[rest].lstrip().startswith(("except", "else", "elif", "finally"))
            and _depth(lines[rest]) == depth
        ):
            rest += 1
            while rest < len(lines) and _depth(lines[rest]) > depth:
                rest += 1
        fewer.append([*lines[:at], *(line[4:] for line in lines[at + 1 : end]), *lines[rest:]])
        fewer.append([*lines[:at], *lines[rest:]])
    return fewer


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
