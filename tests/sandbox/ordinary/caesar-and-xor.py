# Hides a word from curious eyes, in two old ways. Not for secrets!


def caesar(text, shift):
    result = []
    for c in text:
        if c.isalpha() and c.isascii():
            base = ord("a") if c.islower() else ord("A")
            result.append(chr((ord(c) - base + shift) % 26 + base))
        else:
            result.append(c)
    return "".join(result)


def xor(text, key):
    return bytes(b ^ key[i % len(key)] for i, b in enumerate(text.encode())).hex()


def rule(user, context):
    secret = caesar("Hello, World", 3)
    context.idToken.update(secret=secret, again=caesar(secret, -3), mixed=xor("hi there", b"key"))

# claims {"secret": "Khoor, Zruog", "again": "Hello, World", "mixed": "030c591f0d1c1900"}
