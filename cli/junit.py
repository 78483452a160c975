"""Results of cases as JUnit's XML, which most CI systems read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from msgspec import UNSET

from cli.output import compact
from cli.refusal import Refused
from cli.trials import Result

# What XML 1.0 (2.2) cannot hold, not even escaped.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(path: Path, results: Sequence[Result]) -> None:
    """A `testsuite` for each rule, a `testcase` for each case. Raises `Refused` where the file cannot be written."""
    suites = ElementTree.Element("testsuites", _counts(results), name="claimsmith")
    for file in dict.fromkeys(result.path for result in results):
        own = [result for result in results if result.path == file]
        suite = ElementTree.SubElement(suites, "testsuite", _counts(own), name=_writable(file.stem))
        for result in own:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=_writable(file.stem),
                name=_writable(result.case),
                file=_writable(str(file)),
                time=_seconds([result]),
            )
            if not result.passed:
                lines = _lines(result)
                ElementTree.SubElement(case, "failure", message=lines[0] if lines else "").text = "\n".join(lines)
    ElementTree.indent(suites)
    try:
        path.write_bytes(ElementTree.tostring(suites, "utf-8", xml_declaration=True))
    except OSError as exc:
        raise Refused(f"--junit: {path}: {(exc.strerror or type(exc).__name__).lower()}") from None


def _counts(results: Sequence[Result]) -> dict[str, str]:
    failed = sum(not result.passed for result in results)
    return {"tests": str(len(results)), "failures": str(failed), "errors": "0", "time": _seconds(results)}


def _seconds(results: Sequence[Result]) -> str:
    return f"{sum(result.ms for result in results) / 1000:.3f}"


def _lines(result: Result) -> list[str]:
    problems = [f"{result.path}:{one.line}:{one.column}: {one.code} {one.message}" for one in result.problems]
    differences = [
        f"{one.part}: expected {_value(one.expected)}, found {_value(one.found)}" for one in result.differences
    ]
    errors = [
        f"{result.path}:{step['error']['line'] or '?'}: {step['outcome']}: {step['error']['message']}"
        for step in (result.record or {"steps": []})["steps"]
        if step["error"]
    ]
    return [_writable(line) for line in (*problems, *differences, *errors)]


def _value(value: object) -> str:
    return "nothing" if value is UNSET else compact(value)


def _writable(text: str) -> str:
    return UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
