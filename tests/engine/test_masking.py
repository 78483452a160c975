"""Secrets are found wherever a trace writes them, and in whatever way."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

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
    assert Masking(["password", "my-password-1", "password-of-somebody"]).text("my-password-1") == "***"


def test_of_two_that_overlap_nothing_is_left() -> None:
    assert Masking(["one-two-three", "three-four-five"]).text("one-two-three-four-five.") == "***."


@pytest.mark.parametrize(
    "secret", ['a"b\\c/d e&f=g', "line\nbreak\x1b[0m", "grüße an alle", 'it\'s "quoted"', "100% safe+sound"]
)
def test_as_rules_and_addresses_write_it(secret: str) -> None:
    masking = Masking([secret])
    twice = json.dumps(json.dumps({"key": secret}))
    written = [repr(secret)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret), repr([secret])[2:-2]]
    for text in (*written, twice, json.dumps(json.dumps([secret], ensure_ascii=False))):
        masked = masking.text(f"before {text} behind")
        assert "***" in masked
        assert not any(part in masked for part in (secret[:8], secret[-8:], text[-8:] if text in written else secret))


def test_values_that_begin_alike_cost_no_more_than_one() -> None:
    """It is done at once or in a minute: what is looked at grows with the text, or with the text times the values."""
    values = [f"https://{number:030}" for number in range(200)]
    assert Masking(values).text("https://" * 200_000) == "https://" * 199_999 + "***"
    beginning = "-----BEGIN PRIVATE KEY-----" + "M" * 1000
    keys = [beginning + str(number) for number in range(200)]
    assert Masking(keys).text((beginning + "!") * 500) == "***!" * 500


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
