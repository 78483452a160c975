# Secrets for a redirect: hard to guess, never the same.

import secrets
import string

ALPHABET = string.ascii_letters + string.digits


def password(length):
    while True:
        text = "".join(secrets.choice(ALPHABET) for _ in range(length))
        if any(c.islower() for c in text) and any(c.isupper() for c in text) and any(c.isdigit() for c in text):
            return text


def rule(user, context):
    context.idToken.update(
        password=len(password(12)), hex=len(secrets.token_hex(8)), url=len(secrets.token_urlsafe(16)),
        bytes=len(secrets.token_bytes(4)), below=secrets.randbelow(10) < 10, bits=secrets.randbits(4) < 16,
        same=secrets.compare_digest("a", "a"), differ=secrets.token_hex() != secrets.token_hex(),
    )

# claims {"password": 12, "hex": 16, "url": 22, "bytes": 4, "below": true, "bits": true, "same": true, "differ": true}
