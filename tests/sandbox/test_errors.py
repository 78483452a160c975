"""What an author reads when a rule fails: their own frames with source and values, shown without running the rule."""

from __future__ import annotations

import pytest

from sandbox import journal
from sandbox.journal import Cause, Error, Frame
from sandbox.pool import Pool
from tests.sandbox import trial
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio

CHAINED = """def level(person):
    meta = person.app_metadata
    return meta.limits["max"] + 1


def rule(user, context):
    who = user.email
    try:
        level({"app_metadata": {"ünï": who}})
    except AttributeError as error:
        raise ValueError(f"no level for {who}") from error
"""


async def failure(pool: Pool, script: str) -> Error:
    answer = await trial.answer(pool, script)
    (error,) = [event.error for event in journal.read(answer.journal) if isinstance(event, journal.End)]
    assert error is not None
    return error


async def test_frames_with_source_values_columns_and_cause(pool: Pool) -> None:
    assert await failure(pool, CHAINED) == Error(
        code="rule_raised",
        message="ValueError: no level for ada@example.com",
        line=11,
        frames=[
            Frame(
                line=11,
                function="rule",
                source='        raise ValueError(f"no level for {who}") from error',
                values={"who": '"ada@example.com"'},
                column=9,
                end_column=59,
            )
        ],
        causes=[
            Cause(
                message="AttributeError: there is no `limits` here: "
                '`.get("limits")` gives None for a field that may be missing',
                line=3,
                frames=[
                    Frame(
                        line=9,
                        function="rule",
                        source='        level({"app_metadata": {"ünï": who}})',
                        values={"who": '"ada@example.com"'},
                        column=9,
                        end_column=46,
                    ),
                    Frame(
                        line=3,
                        function="level",
                        source='    return meta.limits["max"] + 1',
                        values={"meta": '{"ünï": "ada@example.com"}'},
                        column=12,
                        end_column=23,
                    ),
                ],
            )
        ],
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("a = None\na.b", "AttributeError: a `NoneType` has no attribute `b` in rules: `a` is None"),
        (
            "context.idToken.get('x')()",
            "TypeError: 'NoneType' object is not callable: `context.idToken.get('x')` is None",
        ),
        ("user.email.x.y", "AttributeError: a `str` has no attribute `x` in rules"),
        ("user['x']", "KeyError: 'x'"),
    ],
)
async def test_which_part_of_the_line_is_to_blame(pool: Pool, body: str, message: str) -> None:
    assert (await failure(pool, rule(body))).message == message


async def test_a_value_is_shown_without_running_the_rule(pool: Pool) -> None:
    body = (
        "class Hostile:\n    def __repr__(self):\n        while True:\n            pass\n"
        "a, b = Hostile(), [Hostile()]\nb.append(b)\nraise ValueError(a is b)"
    )
    error = await failure(pool, rule(body))
    assert error.code == "rule_raised"
    assert error.frames[0].values["a"] == "<Hostile>"
    assert "<Hostile>" in error.frames[0].values["b"]


async def test_a_time_limit_says_where_and_with_what(pool: Pool) -> None:
    error = await failure(pool, rule("n = 7\nwhile n:\n    n = n + 0"))
    assert error.code == "rule_timed_out"
    assert error.frames[0].function == "rule"
    assert error.frames[0].values.get("n") == "7"
    assert error.frames[0].source in ("    while n:", "        n = n + 0")


async def test_deep_recursion_is_shown_at_both_ends(pool: Pool) -> None:
    error = await failure(pool, rule("def down(n):\n    return down(n + 1)\ndown(0)"))
    assert error.code == "rule_recursion"
    assert len(error.frames) <= journal.MOST_FRAMES
    assert [frame.function for frame in error.frames[:2]] == ["rule", "down"]
    assert error.frames[1].values == {"n": "0"}


async def test_no_hook_and_no_temporary_shows(pool: Pool) -> None:
    error = await failure(pool, rule("d = {'k': None}\nd['k'] += 1"))
    assert set(error.frames[0].values) == {"d"}
    assert "_inplacevar_" not in str(error)
    assert "_tmp" not in str(error)
