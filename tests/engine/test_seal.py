"""Records are opened only by the service that sealed them, and only as what they were."""

from __future__ import annotations

import os

import pytest

from engine.seal import KEY, Broken, Seal, new_key, unwrapped, wrapped_again


def test_what_is_sealed_is_opened() -> None:
    seal = Seal(os.urandom(KEY))
    for text in (b"", b"x", b"a text that chance does not make again", os.urandom(100_000)):
        sealed = seal.seal(text, "default 01J")
        assert seal.open(sealed, "default 01J") == text
        assert len(text) < 16 or text not in sealed
        assert seal.seal(text, "default 01J") != sealed


@pytest.mark.parametrize("place", [0, 5, 12, -1])
def test_what_was_changed_is_not(place: int) -> None:
    seal = Seal(bytes(KEY))
    sealed = bytearray(seal.seal(b"text", "a"))
    sealed[place] ^= 1
    with pytest.raises(Broken):
        seal.open(bytes(sealed), "a")


def test_what_is_of_another_place_or_service_is_not() -> None:
    seal = Seal(bytes(KEY))
    sealed = seal.seal(b"text", "default 01J")
    for other, about in ((seal, "acme 01J"), (Seal(b"\1" * KEY), "default 01J")):
        with pytest.raises(Broken):
            other.open(sealed, about)
    for short in (b"", b"x" * 5, sealed[:20]):
        with pytest.raises(Broken):
            seal.open(short, "default 01J")


def test_a_digest_tells_nothing_and_finds_again() -> None:
    seal = Seal(bytes(KEY))
    assert seal.digest("default", "ada") == seal.digest("default", "ada")
    assert len({seal.digest("default", "ada"), seal.digest("acme", "ada"), seal.digest("default", "bob")}) == 3
    assert Seal(b"\1" * KEY).digest("default", "ada") != seal.digest("default", "ada")
    assert seal.digest("a\0b", "c") != seal.digest("a", "b")
    assert seal.digest("default", "\ud800")


def test_a_key_is_wrapped_anew() -> None:
    old, new = os.urandom(32), os.urandom(32)
    wrapped = new_key(old)
    key = unwrapped(wrapped, old)
    assert key is not None
    assert unwrapped(wrapped, new) is None
    assert unwrapped(wrapped_again(key, new), new) == key
    assert key not in wrapped
