# Checks the membership number by its last digit (Luhn).


def luhn(number):
    digits = [int(c) for c in reversed(number) if c.isdigit()]
    doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[1::2]]
    return len(digits) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def rule(user, context):
    number = str(user.get("membership", ""))
    if not luhn(number):
        raise UnauthorizedError("that is no membership number")
    context.idToken["https://example.com/member"] = f"{int(number):,}".replace(",", " ")

# user {"membership": "79927398713"}
# claims {"https://example.com/member": "79 927 398 713"}
#
# user {"membership": "79927398714"}
# denied "that is no membership number"
#
# denied "that is no membership number"
