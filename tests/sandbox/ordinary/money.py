# Adds up amounts in different currencies with operators of a class.


class Money:
    def __init__(self, cents, currency="EUR"):
        self.cents = cents
        self.currency = currency

    def __add__(self, other):
        if self.currency != other.currency:
            raise TypeError(f"{self.currency} and {other.currency} do not add up")
        return Money(self.cents + other.cents, self.currency)

    def __radd__(self, other):
        return self if other == 0 else NotImplemented

    def __sub__(self, other):
        return self + -other

    def __neg__(self):
        return Money(-self.cents, self.currency)

    def __mul__(self, factor):
        return Money(round(self.cents * factor), self.currency)

    def __truediv__(self, other):
        return self.cents / other.cents

    def __floordiv__(self, parts):
        return Money(self.cents // parts, self.currency)

    def __mod__(self, parts):
        return Money(self.cents % parts, self.currency)

    def __bool__(self):
        return self.cents != 0

    def __str__(self):
        return f"{self.cents / 100:,.2f} {self.currency}"


def rule(user, context):
    orders = [Money(cents) for cents in user.get("orders", [199_999, 5_01, 0])]
    total = sum(orders)
    spent = [order for order in orders if order]
    context.idToken["https://example.com/spent"] = {
        "total": str(total), "orders": len(spent), "vat": str(total * 0.19), "third": str(total // 3),
        "rest": str(total % 3), "share": round(spent[0] / total, 3), "without_first": str(total - spent[0]),
    }
    try:
        total + Money(1, "USD")
    except TypeError as error:
        context.idToken["https://example.com/error"] = str(error)

# claims {"https://example.com/spent": {"total": "2,005.00 EUR", "orders": 2, "vat": "380.95 EUR", "third": "668.33
#  EUR", "rest": "0.01 EUR", "share": 0.998, "without_first": "5.01 EUR"}, "https://example.com/error": "EUR and USD
#  do not add up"}
