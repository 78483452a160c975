"""Secrets are found wherever a trace writes them, and in whatever way."""

from __future__ import annotations

import json

import pytest

from engine.masking import BEGINNING, Masking

LONG = "-----BEGIN-----" + "".join(chr(97 + n % 26) for n in range(300))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("a secret-one b", "a *** b"),
        ("secret-onesecret-one", "******"),
        ("secret-on", "***"),  # cut at its end
        ("secret-o...", "***..."),
        ("secret-other", "secret-other"),
        ("secret", "secret"),
        (f"x{LONG}y", "x***y"),
        (f"x{LONG[:100]}...", "x***..."),
        (f"x{LONG[:BEGINNING]} and more", "x*** and more"),
        (LONG[:20] + " and more", LONG[:20] + " and more"),
        ('quo"ted-secret', "***"),
        ('shown as "quo\\"ted-secret"', 'shown as "***"'),
        ("", ""),
    ],
)
def test_text(text: str, masked: str) -> None:
    assert Masking(["secret-one", LONG, 'quo"ted-secret', "short", ""]).text(text) == masked


def test_the_longer_one_goes_first() -> None:
    assert Masking(["abcdefgh", "abcdefghij"]).text("abcdefghij abcdefgh") == "*** ***"


@pytest.mark.parametrize(
    "secret", ['quo"ted\\secret', "grüße-an-alle", "line\nbreak\ttab", "\N{GRINNING FACE} eight ate", '""""""""']
)
def test_json(secret: str) -> None:
    masking = Masking([secret])
    value = {"a": [secret, {secret: 1}], "b": json.dumps({"c": secret})}
    for ascii_only in (True, False):
        masked = masking.json(json.dumps(value, ensure_ascii=ascii_only).encode())
        assert json.loads(masked) == {"a": ["***", {"***": 1}], "b": '{"c": "***"}'}


def test_what_holds_none_stays_as_it_is() -> None:
    text = b'{"a":  1.0}'
    assert Masking(["secret-one"]).json(text) is text
    assert Masking([]).json(text) == text
    assert not Masking(["short"])
    assert Masking(["secret-one"]).json(b'["secret-one"') == b"null"
