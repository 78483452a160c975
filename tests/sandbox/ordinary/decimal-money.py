# Prices to the cent, rounded as the law wants it.

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")


def price(text):
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def rule(user, context):
    orders = [price(text) for text in ("19.99", "0.015", "1e2", "x")]
    amounts = [amount for amount in orders if amount is not None]
    total = sum(amounts, Decimal(0))
    context.idToken.update(
        total=str(total),
        vat=str((total * Decimal("0.19")).quantize(CENT, rounding=ROUND_HALF_UP)),
        rounds=[str(Decimal("2.675").quantize(CENT, mode)) for mode in (ROUND_DOWN, ROUND_UP, ROUND_HALF_EVEN)],
        bad=orders.count(None),
        exact=[str(Decimal("0.1") + Decimal("0.2")), Decimal("0.3") == Decimal("0.1") + Decimal("0.2")],
        order=str(max(amounts)), compare=total > 100, number=float(total), whole=int(total), text=f"{total:,.2f} EUR",
        signs=[str(-total), str(abs(-total)), total.is_signed(), str(total.normalize()), total.is_finite()],
        parts=[str(total // 7), str(total % 7), str(Decimal(2) ** 10), str(Decimal(1) / Decimal(8)), str(round(total, 1))],
        shared=str((total / 3).quantize(CENT)),
    )

# claims {"total": "120.005", "vat": "22.80", "rounds": ["2.67", "2.68", "2.68"], "bad": 1, "exact": ["0.3", true],
#  "order": "1E+2", "compare": true, "number": 120.005, "whole": 120, "text": "120.00 EUR", "signs": ["-120.005",
#  "120.005", false, "120.005", true], "parts": ["17", "1.005", "1024", "0.125", "120.0"], "shared": "40.00"}
