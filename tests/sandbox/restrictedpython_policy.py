"""A plugin for pytest: RestrictedPython's own tests, run against the policy of rules.

Their tests compare messages as well as decisions. Ours have other words, so where both policies refuse the same
line, the words are RestrictedPython's: what is left to differ is what is refused, and what the code does. A line
that ours refuses alone has our words; a line that theirs refuses alone is not refused.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from RestrictedPython import compile as compiling
from RestrictedPython.transformer import RestrictingNodeTransformer

from sandbox import language
from sandbox.transformer import RulePolicy


class SuitePolicy(RulePolicy):
    """The policy of rules behind RestrictedPython's interface, also for expressions, which no rule is."""

    def __init__(self, errors: list[str], warnings: list[str], used_names: dict[str, bool]) -> None:
        super().__init__()
        self._said = errors, warnings, used_names
        self._theirs: RestrictingNodeTransformer | None = None

    def visit(self, node: ast.AST) -> Any:
        if self._theirs is not None:
            return super().visit(node)
        self._theirs = RestrictingNodeTransformer([], *self._said[1:])
        self._theirs.visit(copy.deepcopy(node))
        root = isinstance(node, ast.Expression | ast.Interactive)
        new = self.node_contents_visit(node) if root else super().visit(node)
        ours = {problem.line for problem in self.problems}
        lines = [int((re.match(r"Line (\d+)", error) or ["", "1"])[1]) for error in self._theirs.errors]
        said = [error for line, error in zip(lines, self._theirs.errors, strict=True) if line in ours]
        said += [f"Line {problem.line}: {problem.message}" for problem in self.problems if problem.line not in lines]
        self._said[0].extend(said)
        return new

    def stored(self, node: ast.Assign) -> ast.stmt:
        """By `_write_`, as the tests have it: the shorter way is ours alone, and tested by us."""
        return node


class Mocker:
    """The few things that the tests want of `pytest-mock`."""

    call = staticmethod(mock.call)
    Mock = mock.Mock
    MagicMock = mock.MagicMock

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack

    def stub(self) -> mock.MagicMock:
        return mock.MagicMock(spec=lambda *args, **keywords: None)

    def patch(self, target: str, new: object) -> None:
        self._stack.enter_context(mock.patch(target, new))


@pytest.fixture
def mocker() -> Iterator[Mocker]:
    with contextlib.ExitStack() as stack:
        yield Mocker(stack)


OUTCOMES: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        OUTCOMES[report.nodeid] = report.outcome


def pytest_sessionfinish() -> None:
    Path(os.environ["OUTCOMES"]).write_text(json.dumps(OUTCOMES))


def pytest_configure() -> None:
    if os.environ["NAMES"] == "theirs":
        # Every name with an underscore in front is refused, so that their tests of where names are checked apply.
        language.is_own_name = lambda name: False
    for name in ("exec", "eval", "single", "function"):
        _replace_policy(getattr(compiling, f"compile_restricted_{name}"))
    _replace_policy(compiling.compile_restricted)
    _replace_policy(compiling._compile_restricted_mode)


def _replace_policy(function: Callable[..., Any]) -> None:
    *others, policy = function.__defaults__ or ()
    assert policy is RestrictingNodeTransformer
    function.__defaults__ = (*others, SuitePolicy)
