# The constants of `string`, and a check of a password's strength.

import string

CLASSES = [string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation]


def strength(password):
    return sum(any(c in chars for c in password) for chars in CLASSES)


def rule(user, context):
    context.idToken.update(
        strength=[strength(p) for p in ("abc", "Abc1", "Abc1!")],
        letters=len(string.ascii_letters), hex=string.hexdigits[-6:], octal=string.octdigits,
        printable="a" in string.printable, white=string.whitespace.isspace(), title=string.capwords("ada KING, countess"),
    )

# claims {"strength": [1, 3, 4], "letters": 52, "hex": "ABCDEF", "octal": "01234567", "printable": true, "white":
#  true, "title": "Ada King, Countess"}
