"""Signatures of hooks' calls: published vectors, the library of Standard Webhooks, and what attackers send."""

from __future__ import annotations

import base64
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from api.issuers.signatures import (
    LONGEST_HEADER,
    MOST_SIGNATURES,
    MOST_V1A,
    SCHEMES,
    WebhookKey,
    read_webhook_key,
    sign_timed,
    sign_webhook,
    timed_signature,
    verify_timed,
    verify_webhook,
)
from engine.hook_secrets import MOST_COSTLY

# Standard Webhooks' own example, and the key pair of the seed 00 01 02 ... 1f over the same message.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PRIVATE = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PUBLIC = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
ID, TIME, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
V1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
V1A = "v1a,yoUrgEkc12aGqm0n4Sydmdz55xJfTz4AsAgieHFjmkR7LJtqVCZOQYzvvHjI5kAey+r4iaBGxTFRrl2iBQxtDQ=="
WRONG = "v1," + base64.b64encode(bytes(32)).decode()

KEY, PUBLIC_KEY = read_webhook_key(SECRET), read_webhook_key(PUBLIC)
ZITADEL, WORKOS = SCHEMES["zitadel"], SCHEMES["workos"]


def headers(**changed: str | None) -> dict[str, str]:
    known = {"id": ID, "timestamp": str(TIME), "signature": V1, **changed}
    return {f"webhook-{name}": value for name, value in known.items() if value is not None}


# Vectors


@pytest.mark.parametrize(("secret", "signature"), [(SECRET, V1), (PRIVATE, V1A)])
def test_published_vectors(secret: str, signature: str) -> None:
    signed = sign_webhook(read_webhook_key(secret), ID, TIME, BODY)
    assert signed == headers(signature=signature)
    verifying = read_webhook_key(PUBLIC if secret == PRIVATE else SECRET)
    assert verify_webhook(verifying, signed, BODY, TIME) == "matched"


def test_a_vector_of_zitadel() -> None:
    body = b'{"function":"function/preuserinfo","userinfo":{"sub":"312909075212468632"}}'
    signed = sign_timed(ZITADEL, "somekey", body, 1700000000.9)
    signature = "20e75cf216e09dc0bc3ce0bf0ff951fcdaf721a95de407434a01fdf33c610588"
    assert signed == {"zitadel-signature": f"t=1700000000,v1={signature}"}
    assert verify_timed(ZITADEL, "somekey", signed, body, 1700000000) == "matched"


def test_a_vector_of_workos() -> None:
    body = b'{"id":"01JATCMZJY26PQ59XT9BNT0FNN"}'
    signature = "fe9624c0b1327d7a16f0e6cf71041fd161cf006ebf1494aa9821f1122adea766"
    assert timed_signature("secret", "1729617170746", body) == signature
    given = {"workos-signature": f"t=1729617170746, v1={signature}"}
    assert verify_timed(WORKOS, "secret", given, body, 1729617170.746) == "matched"


# The library of Standard Webhooks


@settings(max_examples=200, deadline=None)
@given(
    st.binary(min_size=24, max_size=64),
    st.from_regex(r"\A[A-Za-z0-9_.~+/=-]{1,60}\Z"),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
)
def test_what_the_library_signs_is_verified_and_the_other_way_round(raw: bytes, id: str, text: str) -> None:
    written = "whsec_" + base64.b64encode(raw).decode()
    library, key, now = Webhook(written), read_webhook_key(written), int(time.time())
    theirs = library.sign(id, datetime.fromtimestamp(now, UTC), text)
    ours = sign_webhook(key, id, now, text.encode())
    assert ours["webhook-signature"] == theirs
    assert verify_webhook(key, headers(id=id, timestamp=str(now), signature=theirs), text.encode(), now) == "matched"
    library.verify(text, ours, json_parse=False)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["body", "id", "timestamp", "signature", "key"]), st.integers(0, 10_000), st.data())
def test_one_changed_bit_is_refused_here_and_there(what: str, place: int, data: st.DataObject) -> None:
    now = int(time.time())
    call: dict[str, bytes] = {
        "body": BODY,
        "id": ID.encode(),
        "timestamp": str(now).encode(),
        "signature": sign_webhook(KEY, ID, now, BODY)["webhook-signature"].encode(),
        "key": KEY.raw,
    }
    changed = bytearray(call[what])
    changed[place % len(changed)] ^= 1 << data.draw(st.integers(0, 6))
    call[what] = bytes(changed)
    sent = headers(**{name: call[name].decode("latin-1") for name in ("id", "timestamp", "signature")})
    assert verify_webhook(WebhookKey("whsec_", call["key"]), sent, call["body"], now) != "matched"
    if what == "signature":
        return  # the library decodes it, and the last bits of base64 say nothing
    with pytest.raises(WebhookVerificationError):
        Webhook(call["key"]).verify(call["body"].decode("latin-1"), sent, json_parse=False)


# Several signatures


@pytest.mark.parametrize(
    "signature",
    [
        f"{WRONG} {V1}",
        f"{V1} {WRONG}",
        f"{WRONG}, {V1}",  # as Supabase joins them
        f"{V1}, {WRONG}",
        f"{V1},",
        f"  {WRONG}\t{V1}  ",
        f"{V1A} v2,x {V1}",
        f"v1 , v1, {V1}",
    ],
)
def test_any_signature_may_match(signature: str) -> None:
    assert verify_webhook(KEY, headers(signature=signature), BODY, TIME) == "matched"


def test_each_version_has_its_key() -> None:
    both = headers(signature=f"{V1} {V1A}")
    assert verify_webhook(KEY, both, BODY, TIME) == "matched"
    assert verify_webhook(PUBLIC_KEY, both, BODY, TIME) == "matched"
    assert verify_webhook(PUBLIC_KEY, headers(), BODY, TIME) == "signature"
    assert verify_webhook(KEY, headers(signature=V1A), BODY, TIME) == "signature"
    assert verify_webhook(read_webhook_key(PRIVATE), both, BODY, TIME) == "signature"


def test_so_many_public_signatures_are_tried() -> None:
    """Each of them costs a look at all of the body, and a stranger can send well-formed ones."""
    theirs = sign_webhook(read_webhook_key("whsk_" + base64.b64encode(bytes(32)).decode()), ID, TIME, BODY)
    wrong = theirs["webhook-signature"]
    few = [wrong] * (MOST_V1A - 1)
    for several in ([*few, V1A], [V1A, *few]):
        assert verify_webhook(PUBLIC_KEY, headers(signature=" ".join(several)), BODY, TIME) == "matched"
    many = " ".join([V1A, *few, wrong])
    assert verify_webhook(PUBLIC_KEY, headers(signature=many), BODY, TIME) == "unsigned"
    assert verify_webhook(KEY, headers(signature=f"{many} {V1}"), BODY, TIME) == "matched"


def test_what_a_stranger_can_cost() -> None:
    """As many keys as there can be, as many signatures as are tried, and as large a body as is read."""
    large, key = b"x" * 1_000_000, read_webhook_key("whsk_" + base64.b64encode(bytes(32)).decode())
    wrong = sign_webhook(key, ID, TIME, large)["webhook-signature"]
    sent = headers(signature=" ".join([wrong] * MOST_V1A))
    times = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(MOST_COSTLY):
            assert verify_webhook(PUBLIC_KEY, sent, large, TIME) == "signature"
        times.append(time.perf_counter() - began)
    print(f"{min(times) * 1000:.1f} ms")
    assert min(times) < 0.25


def test_a_public_key_is_no_shared_secret() -> None:
    forged = base64.b64encode(hmac.digest(PUBLIC_KEY.raw, f"{ID}.{TIME}.".encode() + BODY, "sha256")).decode()
    for version in ("v1", "v1a"):
        assert verify_webhook(PUBLIC_KEY, headers(signature=f"{version},{forged}"), BODY, TIME) == "signature"


# Attacks

ATTACKS: dict[str, tuple[dict[str, str | None], str]] = {
    "no id": ({"id": None}, "unsigned"),
    "no time": ({"timestamp": None}, "unsigned"),
    "no signature": ({"signature": None}, "unsigned"),
    "empty id": ({"id": ""}, "unsigned"),
    "empty signature": ({"signature": ""}, "unsigned"),
    "blank signature": ({"signature": "  ,  "}, "unsigned"),
    "another id": ({"id": ID + "x"}, "signature"),
    "an id that takes the time": ({"id": f"{ID}.{TIME}", "timestamp": str(TIME)}, "signature"),
    "an id that takes the body": ({"id": f'{ID}.{TIME}.{{"test":'}, "unsigned"),
    "an id with a line end": ({"id": ID + "\n"}, "unsigned"),
    "an id that is not ASCII": ({"id": ID + "é"}, "unsigned"),
    "a huge id": ({"id": "x" * 10_000}, "unsigned"),
    "another time": ({"timestamp": str(TIME + 1)}, "signature"),
    "the time with zeros": ({"timestamp": f"0{TIME}"}, "signature"),
    "stale": ({"timestamp": str(TIME - 301)}, "stale"),
    "of the future": ({"timestamp": str(TIME + 301)}, "stale"),
    "in milliseconds": ({"timestamp": f"{TIME}000"}, "stale"),
    "a huge time": ({"timestamp": "9" * 15}, "stale"),
    "thousands of digits": ({"timestamp": "9" * 10_000}, "unsigned"),
    "a negative time": ({"timestamp": f"-{TIME}"}, "unsigned"),
    "a fraction": ({"timestamp": f"{TIME}.0"}, "unsigned"),
    "an exponent": ({"timestamp": "1e9"}, "unsigned"),
    "no number": ({"timestamp": "nan"}, "unsigned"),
    "digits of another script": ({"timestamp": "".join(chr(0x660 + int(d)) for d in str(TIME))}, "unsigned"),
    "wrong signature": ({"signature": WRONG}, "signature"),
    "cut off": ({"signature": V1[:-4]}, "signature"),
    "prefix only": ({"signature": "v1,"}, "unsigned"),
    "without a version": ({"signature": V1[3:]}, "unsigned"),
    "of version 2": ({"signature": V1.replace("v1", "v2")}, "signature"),
    "in capitals": ({"signature": V1.replace("v1", "V1")}, "signature"),
    "twice a version": ({"signature": f"v1,{V1}"}, "signature"),
    "in URLs' alphabet": ({"signature": V1.replace("+", "-").replace("/", "_")}, "signature"),
    "as hex": ({"signature": "v1," + base64.b64decode(V1[3:]).hex()}, "signature"),
    "not ASCII": ({"signature": f"{V1} v1,é"}, "unsigned"),
    "joined by commas alone": ({"signature": f"{WRONG},{V1}"}, "signature"),
    "thousands of signatures": ({"signature": " ".join([WRONG] * 5_000 + [V1])}, "unsigned"),
    "thousands of short signatures": ({"signature": " ".join(["v1,A"] * 700 + [V1])}, "unsigned"),
    "one signature too many": ({"signature": " ".join([V1] * (MOST_SIGNATURES + 1))}, "unsigned"),
    "a long signature": ({"signature": "v1," + "A" * LONGEST_HEADER}, "unsigned"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks(attack: str) -> None:
    changed, outcome = ATTACKS[attack]
    assert verify_webhook(KEY, headers(**changed), BODY, TIME) == outcome
    if outcome != "signature":
        assert verify_webhook(PUBLIC_KEY, headers(**changed), BODY, TIME) == outcome


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY[:-1], b'{"test":2432232314}', BODY.upper(), b"\xff\x00"])
def test_another_body(body: bytes) -> None:
    assert verify_webhook(KEY, headers(), body, TIME) == "signature"
    assert verify_webhook(PUBLIC_KEY, headers(signature=V1A), body, TIME) == "signature"


@pytest.mark.parametrize(
    "signature", ["v1a,", "v1a,AAAA", "v1a,!!!!", V1A[:-8], V1A + "AAAA", "v1a," + "A" * 86 + "==", V1A.upper()]
)
def test_what_is_no_signature_of_a_public_key(signature: str) -> None:
    assert verify_webhook(PUBLIC_KEY, headers(signature=signature), BODY, TIME) != "matched"


@pytest.mark.parametrize(("seconds", "outcome"), [(-300, "matched"), (300, "matched"), (-301, "stale"), (301, "stale")])
def test_the_window_of_standard_webhooks(seconds: int, outcome: str) -> None:
    assert verify_webhook(KEY, headers(), BODY, TIME + seconds) == outcome


text = st.text(max_size=40) | st.from_regex(r"\A(v1a?,[A-Za-z0-9+/=]{0,8}[ ,]{0,2}){0,4}\Z")


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["id", "timestamp", "signature"]), text), st.sampled_from([KEY, PUBLIC_KEY]))
def test_whatever_comes_is_an_outcome(sent: dict[str, str], key: WebhookKey) -> None:
    given: dict[str, Any] = {"id": ID, "timestamp": str(TIME), **sent}
    assert verify_webhook(key, headers(**given), BODY, TIME) in ("unsigned", "stale", "signature", "matched")


# Keys


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "begins with `whsec_`"),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "begins with `whsec_`"),
        ("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "begins with `whsec_`"),
        ("v2,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "begins with `whsec_`"),
        ("whsec_", "is not base64"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!", "is not base64"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", "is not base64"),
        ("whsec_A", "is not base64"),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), "has 24 to 64 bytes"),
        ("whsec_" + base64.b64encode(bytes(65)).decode(), "has 24 to 64 bytes"),
        ("whpk_" + base64.b64encode(bytes(33)).decode(), "has 32 bytes"),
        ("whsk_" + base64.b64encode(bytes(31)).decode(), "has 32 to 64 bytes"),
    ],
)
def test_what_is_no_key(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        read_webhook_key(written)
    assert "MfKQ" not in str(refused.value)


def test_how_keys_are_written() -> None:
    assert read_webhook_key(f"v1,{SECRET}") == KEY  # Supabase
    assert read_webhook_key(f"v1a,{PUBLIC}") == PUBLIC_KEY
    assert read_webhook_key(PUBLIC.rstrip("=")) == PUBLIC_KEY
    both = "whsk_" + base64.b64encode(read_webhook_key(PRIVATE).raw + PUBLIC_KEY.raw).decode()
    assert sign_webhook(read_webhook_key(both), ID, TIME, BODY) == headers(signature=V1A)


def test_keys_do_not_show() -> None:
    assert repr(KEY) == "WebhookKey(kind='whsec_')"


def test_what_cannot_be_signed() -> None:
    with pytest.raises(ValueError, match="signs nothing"):
        sign_webhook(PUBLIC_KEY, ID, TIME, BODY)
    for message in ("", "a b", "{", "x" * 256):
        with pytest.raises(ValueError, match="a webhook's id"):
            sign_webhook(KEY, message, TIME, BODY)


# Zitadel and WorkOS

NOW = 1_700_000_000
GOOD = timed_signature("somekey", str(NOW), BODY)
OTHER = timed_signature("otherkey", str(NOW), BODY)
TIMED: dict[str, tuple[str, str]] = {
    "one": (f"t={NOW},v1={GOOD}", "matched"),
    "spaced": (f" t={NOW} , v1={GOOD} ", "matched"),
    "the second": (f"t={NOW},v1={OTHER},v1={GOOD}", "matched"),
    "signature first": (f"v1={GOOD},t={NOW}", "matched"),
    "with another version": (f"t={NOW},v0=abc,v1={GOOD}", "matched"),
    "nothing": ("", "unsigned"),
    "no time": (f"v1={GOOD}", "unsigned"),
    "two times": (f"t={NOW},t={NOW},v1={GOOD}", "unsigned"),
    "no signature": (f"t={NOW}", "unsigned"),
    "empty signature": (f"t={NOW},v1=", "unsigned"),
    "empty time": (f"t=,v1={GOOD}", "unsigned"),
    "of another version": (f"t={NOW},v2={GOOD}", "unsigned"),
    "of another key": (f"t={NOW},v1={OTHER}", "signature"),
    "cut off": (f"t={NOW},v1={GOOD[:-1]}", "signature"),
    "in capitals": (f"t={NOW},v1={GOOD.upper()}", "signature"),
    "base64": (f"t={NOW},v1={base64.b64encode(bytes.fromhex(GOOD)).decode()}", "signature"),
    "another time": (f"t={NOW + 1},v1={GOOD}", "signature"),
    "stale": (f"t={NOW - 301},v1={GOOD}", "stale"),
    "of the future": (f"t={NOW + 301},v1={GOOD}", "stale"),
    "in milliseconds": (f"t={NOW}000,v1={GOOD}", "stale"),
    "thousands of digits": (f"t={'9' * 3_000},v1={GOOD}", "unsigned"),
    "a fraction": (f"t={NOW}.5,v1={GOOD}", "unsigned"),
    "negative": (f"t=-{NOW},v1={GOOD}", "unsigned"),
    "not ASCII": (f"t={NOW},v1={GOOD},x=é", "unsigned"),
    "thousands of signatures": (f"t={NOW}" + f",v1={OTHER}" * 5_000 + f",v1={GOOD}", "unsigned"),
    "thousands of short ones": (f"t={NOW}" + ",v1=a" * 700 + f",v1={GOOD}", "unsigned"),
    "one too many": (f"t={NOW}" + f",v1={GOOD}" * (MOST_SIGNATURES + 1), "unsigned"),
}


@pytest.mark.parametrize("case", TIMED)
def test_headers_with_a_time(case: str) -> None:
    header, outcome = TIMED[case]
    assert verify_timed(ZITADEL, "somekey", {"zitadel-signature": header}, BODY, NOW) == outcome
    assert verify_timed(ZITADEL, "somekey", {"workos-signature": header}, BODY, NOW) == "unsigned"


@pytest.mark.parametrize(("scheme", "window"), [(ZITADEL, 300), (WORKOS, 30)])
def test_windows(scheme: Any, window: int) -> None:
    signed = sign_timed(scheme, "somekey", BODY, NOW)
    for seconds in (-window, 0, window):
        assert verify_timed(scheme, "somekey", signed, BODY, NOW + seconds) == "matched"
    for seconds in (-window - 1, window + 1):
        assert verify_timed(scheme, "somekey", signed, BODY, NOW + seconds) == "stale"
    for body in (b"", BODY + b"\n", json.dumps(json.loads(BODY), separators=(",", ":")).encode()):
        assert verify_timed(scheme, "somekey", signed, body, NOW) == "signature"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"\A(t=[0-9]{0,12},? ?|v1=[0-9a-f]{0,4},? ?){0,6}\Z"))
def test_whatever_the_header_with_a_time_is(header: str) -> None:
    assert verify_timed(ZITADEL, "somekey", {"zitadel-signature": header}, BODY, NOW) != "matched"
