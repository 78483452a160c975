# Operators as functions, for tables and for `reduce`.

import operator
from functools import reduce

COMPARE = {"<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">=": operator.ge, ">": operator.gt}
ARITHMETIC = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
    "**": operator.pow, "&": operator.and_, "|": operator.or_, "^": operator.xor,
}


def check(condition, user):
    field, sign, text = condition.split()
    return COMPARE[sign](user["app_metadata"][field], int(text))


def rule(user, context):
    context.idToken.update(
        checks=[check(f"level {sign} 3", user) for sign in COMPARE],
        numbers={sign: function(7, 2) for sign, function in ARITHMETIC.items() if sign != "/"},
        half=ARITHMETIC["/"](7, 2), product=reduce(operator.mul, [1, 2, 3, 4]),
        one=[operator.neg(3), operator.pos(3), operator.abs(-3), operator.not_([]), operator.truth("x")],
        text=[operator.concat("a", "b"), operator.contains("abc", "b")],
    )

# claims {"checks": [false, true, true, false, true, false], "numbers": {"+": 9, "-": 5, "*": 14, "//": 3, "%": 1,
#  "**": 49, "&": 2, "|": 7, "^": 5}, "half": 3.5, "product": 24, "one": [-3, 3, 3, true, true], "text": ["ab",
#  true]}
