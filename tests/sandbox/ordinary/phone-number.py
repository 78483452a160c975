# Telephone numbers in one form, and only the end of them in the token.

import re

NOT_DIGITS = re.compile(r"\D")


def normalise(number, country="49"):
    number = number.strip()
    plus = number.startswith("+") or number.startswith("00")
    digits = NOT_DIGITS.sub("", number.removeprefix("00") if not number.startswith("+") else number)
    if not plus:
        digits = country + digits.lstrip("0")
    if not 8 <= len(digits) <= 15:
        raise ValueError(f"not a telephone number: {number}")
    return "+" + digits


def rule(user, context):
    try:
        number = normalise(user["phone_number"])
    except KeyError:
        return
    except ValueError as error:
        print(error)
        return
    context.idToken["https://example.com/phone"] = "*" * (len(number) - 4) + number[-4:]
    user["phone_number"] = number

# user {"phone_number": "(030) 123 45-67"}
# claims {"https://example.com/phone": "********4567"}
#
# user {"phone_number": "+44 20 7946 0958"}
# claims {"https://example.com/phone": "*********0958"}
#
# user {"phone_number": "12"}
# logs ["not a telephone number: 12"]
#
# claims {}
