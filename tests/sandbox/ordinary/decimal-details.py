# The arithmetic of `Decimal` beyond the cents.

from decimal import (
    ROUND_05UP,
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)


def attempt(action):
    try:
        return str(action())
    except DivisionByZero:
        return "division by zero"
    except Overflow:
        return "too large"
    except InvalidOperation:
        return "no number"
    except DecimalException as error:
        return type(error).__name__


def rule(user, context):
    x, y, nan, inf = Decimal("12.345"), Decimal("-7"), Decimal("NaN"), Decimal("Infinity")
    one = Decimal(1)
    context.idToken.update(
        rounds=[str(Decimal("2.5").quantize(one, rounding=mode)) for mode in (ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_05UP)],
        attempts=[attempt(lambda: one / 0), attempt(lambda: Decimal(10) ** 10**9), attempt(lambda: Decimal("x")), attempt(lambda: one)],
        asks=[x.is_finite(), inf.is_infinite(), nan.is_nan(), x.is_normal(), nan.is_qnan(), nan.is_snan(), y.is_signed(),
              x.is_subnormal(), (x - x).is_zero(), x.same_quantum(Decimal("0.001"))],
        parts=[x.adjusted(), list(x.as_integer_ratio()), x.number_class(), str(x.logb()), str(x.real), str(x.imag),
               str(x.conjugate()), x.to_eng_string()],
        compare=[str(x.compare(y)), str(x.compare_signal(y)), str(x.compare_total(y)), str(x.max(y)), str(x.min(y))],
        signs=[str(y.copy_abs()), str(y.copy_negate()), str(x.copy_sign(y))],
        math=[str(Decimal(2).sqrt())[:10], str(one.exp())[:10], str(Decimal(10).ln())[:10], str(Decimal(1000).log10()),
              str(x.fma(2, 1)), str(Decimal(10).remainder_near(6)), str(x.scaleb(2)), str(Decimal.from_float(0.5)),
              str(one.next_minus())[:6], str(one.next_plus())[:4]],
        whole=[str(x.to_integral()), str(x.to_integral_exact()), str(x.to_integral_value()), str(Decimal("1E+3").normalize())],
    )

# claims {"rounds": ["3", "2", "2", "2"], "attempts": ["division by zero", "too large", "no number", "1"], "asks":
#  [true, true, true, true, true, false, true, false, true, true], "parts": [1, [2469, 200], "+Normal", "1",
#  "12.345", "0", "12.345", "12.345"], "compare": ["1", "1", "1", "12.345", "-7"], "signs": ["7", "7", "-12.345"],
#  "math": ["1.41421356", "2.71828182", "2.30258509", "3", "25.690", "-2", "1234.5", "0.5", "0.9999", "1.00"],
#  "whole": ["12", "12", "12", "1E+3"]}
