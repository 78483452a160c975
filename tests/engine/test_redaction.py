"""What a pattern names, and that it is gone wherever it stood."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from engine.masking import MASK
from engine.redaction import DEFAULT, Redaction
from sandbox.shown import shown


@pytest.mark.parametrize(
    ("patterns", "value", "masked", "removed"),
    [
        (["/user/email"], {"email": "a@b.c", "name": "Ada"}, {"email": MASK, "name": "Ada"}, ["/user/email"]),
        (["/user/e-mail"], {"E_Mail": 1}, {"E_Mail": MASK}, ["/user/E_Mail"]),
        (["/user/a"], {"b": {"a": 1}}, {"b": {"a": 1}}, []),
        (["/user/*/a"], {"b": {"a": 1}, "a": 2}, {"b": {"a": MASK}, "a": 2}, ["/user/b/a"]),
        (["/user/*/a"], {"l": [{"a": 1}]}, {"l": [{"a": 1}]}, []),
        (["/user/*/*/a"], {"l": [{"a": 1}, {"a": []}]}, {"l": [{"a": MASK}] * 2}, ["/user/l/0/a", "/user/l/1/a"]),
        (["/user/l/1"], {"l": [1, 2, 3]}, {"l": [1, MASK, 3]}, ["/user/l/1"]),
        (["/**/a"], {"a": {"a": 1}, "b": [{"a": None}]}, {"a": MASK, "b": [{"a": MASK}]}, ["/user/a", "/user/b/0/a"]),
        (["/user/**/x/y"], {"x": {"y": 1}, "z": {"x": {"y": 2}, "y": 3}},
         {"x": {"y": MASK}, "z": {"x": {"y": MASK}, "y": 3}}, ["/user/x/y", "/user/z/x/y"]),
        (["/user/a~1b/~0c"], {"a/b": {"~c": 1}}, {"a/b": {"~c": MASK}}, ["/user/a~1b/~0c"]),
        (["/user/**"], {"a": 1, "b": {"c": 2}}, {"a": MASK, "b": MASK}, ["/user/a", "/user/b"]),
        (["/user"], {"a": 1}, {"a": MASK}, ["/user/a"]),
        (["/**"], {"a": {"b": 1}}, {"a": MASK}, ["/user/a"]),
        (["/**/*"], {"a": {"b": 1}}, {"a": MASK}, ["/user/a"]),
        (["/**/**"], {"a": {"b": 1}}, {"a": MASK}, ["/user/a"]),
        (["/user/a"], None, None, []),
        (["/user/1"], {"1": "x"}, {"1": MASK}, ["/user/1"]),
    ],
)  # fmt: skip
def test_patterns(patterns: list[str], value: Any, masked: Any, removed: list[str]) -> None:
    redaction = Redaction(patterns)
    assert redaction.masked(value, "user") == masked
    assert redaction.removed == removed


def test_what_the_default_list_hides() -> None:
    redaction = Redaction(DEFAULT)
    context = {
        "request": {
            "body": {"password": "correct horse", "code": "splx-1", "scope": "openid"},
            "query": {"code_challenge": "c", "id_token_hint": "ey.J"},
            "headers": {"Authorization": "Basic x", "Set-Cookie": ["a=b"], "accept": "*/*"},
        },
        "idToken": {"code": "DE", "access_token": "not for a claim"},
        "accessToken": {"scope": ["a"], "secret": "s"},
        "clientID": "c1",
    }
    assert redaction.masked(context, "context") == {
        "request": {
            "body": {"password": MASK, "code": MASK, "scope": "openid"},
            "query": {"code_challenge": "c", "id_token_hint": MASK},
            "headers": {"Authorization": MASK, "Set-Cookie": MASK, "accept": "*/*"},
        },
        "idToken": {"code": "DE", "access_token": MASK},
        "accessToken": {"scope": ["a"], "secret": MASK},
        "clientID": "c1",
    }
    user = {
        "identities": [{"provider": "google", "access_token": "ya29.a0"}],
        "app_metadata": {"apiKey": "k", "authorization": 1},
    }
    assert redaction.masked(user, "user") == {
        "identities": [{"provider": "google", "access_token": MASK}],
        "app_metadata": {"apiKey": MASK, "authorization": 1},
    }


def test_a_value_that_stands_elsewhere_too() -> None:
    redaction = Redaction(["/user/password"])
    redaction.masked({"password": {"old": "correct horse", "new": ["battery staple", "short"]}}, "user")
    assert redaction.texts == {"correct horse", "battery staple"}
    text = {"log": ["it is correct horse!", 7, None], "short": "short", "correct horse": "x"}
    assert redaction.everywhere(text) == {"log": [f"it is {MASK}!", 7, None], "short": "short", "correct horse": "x"}


def test_a_text_in_another_is_masked_whole() -> None:
    redaction = Redaction(["/user/*"])
    redaction.masked({"a": "password", "b": "password1234"}, "user")
    assert redaction.everywhere("password1234") == MASK


def test_without_leaves_members_out_and_keeps_the_places_of_items() -> None:
    redaction = Redaction(["/user/l/0", "/user/a"])
    assert redaction.without({"a": 1, "b": 2, "l": [1, 2]}, "user") == {"b": 2, "l": [MASK, 2]}
    assert redaction.removed == ["/user/a", "/user/l/0"]


def test_a_value_below_a_place_that_is_named() -> None:
    redaction = Redaction(["/user/app_metadata"])
    assert redaction.masked("x", "user", "app_metadata", "plan") == MASK
    assert redaction.masked({"plan": "x"}, "user", "app_metadata") == MASK
    assert redaction.masked("x", "user", "user_metadata") == "x"


KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n"
TOKEN = "eyJhbGciOiJIUzI1NiJ9." + "QUJDREVGR0hJSktMTU5P" * 20


@pytest.mark.parametrize("text", [KEY, TOKEN, 'a "quoted" one', "caf\u00e9\u200b au lait"])
@pytest.mark.parametrize("written", [str, repr, shown, lambda text: shown({"a": [text]}), json.dumps])
def test_a_text_is_known_however_it_is_written(text: str, written: Callable[[str], str]) -> None:
    redaction = Redaction(["/user/secret"])
    redaction.masked({"secret": text}, "user")
    masked = redaction.everywhere(f"it is {written(text)}")
    assert MASK in masked
    assert not any(part in masked for part in ("MIIE", "QUJD", "quoted", "lait"))


def test_a_text_that_is_cut() -> None:
    redaction = Redaction(["/user/secret"])
    redaction.masked({"secret": "correct horse battery"}, "user")
    assert redaction.everywhere("it is correct hor... (90 characters)") == f"it is {MASK}... (90 characters)"
    assert redaction.everywhere("it is correct hor") == "it is correct hor"


def test_names_are_masked_where_they_are_somebody_s() -> None:
    redaction = Redaction(["/user/secret"])
    redaction.masked({"secret": "function"}, "user")
    assert redaction.everywhere({"function": ["a function"]}) == {"function": [f"a {MASK}"]}
    assert redaction.everywhere({"my function": {"function": 1}}, names=True) == {f"my {MASK}": {MASK: 1}}


def test_the_tokens_claims_are_hidden_where_a_pattern_says_so() -> None:
    claims = {"idToken": {"a": 1}, "accessToken": None, "clientID": "c"}
    assert Redaction(["/**/id_token"]).masked(claims, "context") == claims
    for pattern in ("/context/idToken", "/context/**/idToken", "/context/idToken/*"):
        assert Redaction([pattern]).masked(claims, "context") == {**claims, "idToken": {"a": MASK}}
    assert Redaction(["/context/**"]).masked(claims, "context")["idToken"] == {"a": MASK}
    assert Redaction(["/context/idToken"]).masked({"a": 1}, "context", "idToken") == {"a": MASK}
    session = {"issuer": {"request": {"session": {"id_token": {"subject": "ada"}}, "id_token": {"subject": "ada"}}}}
    masked = Redaction(["/**/id_token"]).masked(session, "context")["issuer"]["request"]
    assert masked == {"session": {"id_token": {"subject": "ada"}}, "id_token": MASK}


@pytest.mark.parametrize("secret", ["a", "ab", "abcdefg", "correct horse"])
def test_no_text_gets_longer(secret: str) -> None:
    redaction = Redaction(["/user/secret"])
    redaction.masked({"secret": secret}, "user")
    text = shown([secret] * 3)
    assert text is not None and secret in text
    assert secret not in redaction.everywhere(text).replace(MASK, "")
    assert len(redaction.everywhere(text)) <= len(text)


def test_a_long_number_is_known_in_a_text() -> None:
    redaction = Redaction(["/user/otp"])
    redaction.masked({"otp": 987654321}, "user")
    assert redaction.everywhere("it is 987654321") == f"it is {MASK}"


@pytest.mark.parametrize("secret", ["{:09}", "{:07}", "alike in the beginning {}", "alike {:03}", "x" * 900 + "{:03}"])
def test_many_secrets_take_no_longer_than_few(secret: str) -> None:
    """It is done in minutes or at once: what is compared grows with their product, or with their sum."""
    redaction = Redaction(["/user/secrets"])
    count = 1_000 if len(secret) > 100 else 40_000
    redaction.masked({"secrets": [secret.format(number) for number in range(count)]}, "user")
    texts = redaction.everywhere([secret.format(number)[:-1] + '"x" "' for number in range(count)])
    assert len(texts) == count
    assert redaction.everywhere(f'"{secret.format(7)}"') in (
        MASK,
        f'"{MASK}"',
        f'"{MASK}',
    )  # of many alike, all that follows


def test_many_names_that_may_be_any_number_take_no_longer() -> None:
    """What is left of a pattern must not grow with every level: it would end no login any more."""
    redaction = Redaction(["/user" + "/**" * 90 + "/secret"] * 100)
    value: object = {"secret": 1}
    for _ in range(90):
        value = {"a": value}
    assert MASK in str(redaction.masked(value, "user"))


def test_what_was_hidden_before_is_no_secret() -> None:
    redaction = Redaction(["/user/key"])
    assert redaction.masked({"key": MASK}, "user") == {"key": MASK}
    assert redaction.everywhere('{"a":"***"}') == '{"a":"***"}'
