# Takes a legacy header apart: base64 of user and password.

import base64
import binascii


def credentials(header):
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon else None


def rule(user, context):
    header = context.get("request", {}).get("headers", {}).get("authorization", "")
    found = credentials(header)
    context.idToken["https://example.com/legacy_user"] = found[0] if found else None

# context {"request": {"headers": {"authorization": "Basic YWRhOnBhc3M="}}}
# claims {"https://example.com/legacy_user": "ada"}
#
# context {"request": {"headers": {"authorization": "Basic ???"}}}
# claims {"https://example.com/legacy_user": null}
#
# context {"request": {"headers": {"authorization": "Bearer abc"}}}
# claims {"https://example.com/legacy_user": null}
