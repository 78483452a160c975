# The format language of f-strings.

from datetime import datetime


def rule(user, context):
    price, width, name = 1234.5678, 12, "Ada"
    when = datetime(2027, 2, 3, 4, 5, 6)
    context.idToken["lines"] = [
        f"{price:.2f} {price:,.1f} {price:>{width}.3f} {price:e} {price:g}",
        f"{42:05d} {42:+} {255:x} {255:#b} {0.256:.1%} {1_000_000:_}",
        f"{name!r:>8}|{name:^9}|{name:*<6}|{name[0]}{name[-1].upper()}",
        f"{when:%Y-%m-%d %H:%M} {when!s}",
        f"{user['email'].split('@')[0]} {{literal}} {len(user['permissions'])=}",
        f"{'yes' if user.get('blocked') else 'no'} {', '.join(sorted(user['app_metadata']['roles']))}"
        f" {None} {True} {[1, 'a']} {(1,)}",
        format(price, ".0f") + format("x", ">3") + format(255, "X"),
    ]

# claims {"lines": ["1234.57 1,234.6     1234.568 1.234568e+03 1234.57", "00042 +42 ff 0b11111111 25.6% 1_000_000",
#  "   'Ada'|   Ada   |Ada***|AA", "2027-02-03 04:05 2027-02-03 04:05:06", "ada {literal}
#  len(user['permissions'])=1", "no admin, staff None True [1, 'a'] (1,)", "1235  xFF"]}
