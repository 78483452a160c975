# Ids as hexadecimal digits, and back.

from binascii import Error, hexlify, unhexlify


def rule(user, context):
    digits = hexlify(user["user_id"].encode()).decode()
    context["idToken"]["digits"] = digits
    context["idToken"]["back"] = unhexlify(digits).decode()
    try:
        unhexlify("abc")
    except Error as error:
        context["idToken"]["error"] = isinstance(error, ValueError)

# claims {"digits": "61757468307c31", "back": "auth0|1", "error": true}
