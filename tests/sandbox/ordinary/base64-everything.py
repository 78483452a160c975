# The kinds of base64 and their relatives.

import base64


def rule(user, context):
    raw = b"\xfb\xff\xfe any"
    context.idToken.update(
        plain=base64.b64encode(raw).decode(),
        urlsafe=base64.urlsafe_b64encode(raw).decode().rstrip("="),
        standard=base64.standard_b64encode(raw).decode(),
        b32=base64.b32encode(b"hello").decode(),
        b16=base64.b16encode(b"hi").decode(),
        back=[
            base64.b64decode("aGk=").decode(), base64.urlsafe_b64decode("-_8=").hex(),
            base64.standard_b64decode(b"aGk=").decode(), base64.b32decode("NBSWY3DP").decode(),
            base64.b16decode("6869").decode(),
        ],
    )
    try:
        base64.b64decode("a", validate=True)
    except ValueError as error:
        context.idToken["error"] = type(error) is not ValueError

# claims {"plain": "+//+IGFueQ==", "urlsafe": "-__-IGFueQ", "standard": "+//+IGFueQ==", "b32": "NBSWY3DP", "b16":
#  "6869", "back": ["hi", "fbff", "hi", "hello", "hi"], "error": true}
