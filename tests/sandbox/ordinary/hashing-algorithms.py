# Several digests, in one go and bit by bit.

import hashlib


def rule(user, context):
    data = user.user_id.encode()
    names = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384", "sha3_512",
             "blake2b", "blake2s"]
    made = [
        hashlib.md5(data), hashlib.sha1(data), hashlib.sha224(data), hashlib.sha256(data), hashlib.sha384(data),
        hashlib.sha512(data), hashlib.sha3_224(data), hashlib.sha3_256(data), hashlib.sha3_384(data),
        hashlib.sha3_512(data), hashlib.blake2b(data), hashlib.blake2s(data),
    ]
    context.idToken["digests"] = {name: h.hexdigest()[:8] for name, h in zip(names, made)}
    context.idToken["sizes"] = [[h.name, h.digest_size, h.block_size] for h in made]
    whole = hashlib.sha256()
    for part in (b"a", b"b", b"c"):
        whole.update(part)
    kept = whole.copy()
    whole.update(b"d")
    context.idToken["parts"] = [
        kept.hexdigest() == hashlib.sha256(b"abc").hexdigest(),
        whole.digest() == hashlib.new("sha256", b"abcd").digest(),
        hashlib.blake2b(b"x", digest_size=4, key=b"k", salt=b"s").hexdigest(),
        hashlib.md5(b"x", usedforsecurity=False).hexdigest()[:4],
    ]
    two = [hashlib.blake2b(digest_size=8), hashlib.blake2s(digest_size=8)]
    for digest in two:
        digest.update(b"x")
        copied = digest.copy()
        copied.update(b"y")
        context.idToken[digest.name] = [digest.digest().hex(), copied.hexdigest()]

# claims {"digests": {"md5": "69342c0d", "sha1": "0d68bcee", "sha224": "97709667", "sha256": "b03e5d45", "sha384":
#  "90e972af", "sha512": "67b3d8df", "sha3_224": "06672f2a", "sha3_256": "19d8d440", "sha3_384": "77784e61",
#  "sha3_512": "aeaca7bf", "blake2b": "adca59dd", "blake2s": "e9e7ac91"}, "sizes": [["md5", 16, 64], ["sha1", 20,
#  64], ["sha224", 28, 64], ["sha256", 32, 64], ["sha384", 48, 128], ["sha512", 64, 128], ["sha3_224", 28, 144],
#  ["sha3_256", 32, 136], ["sha3_384", 48, 104], ["sha3_512", 64, 72], ["blake2b", 64, 128], ["blake2s", 32, 64]],
#  "parts": [true, true, "74c70528", "9dd4"], "blake2b": ["4adf4367f96e584f", "0a78501ac63b96f1"], "blake2s":
#  ["021e7a9b8f02028c", "1ca4e4e6a6fabcde"]}
