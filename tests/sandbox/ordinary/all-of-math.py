# A page of a text book: what `math` knows.

import math
from math import pi


def rule(user, context):
    def r(x):
        return round(x, 6)

    context.idToken.update(
        constants=[r(pi), r(math.e), r(math.tau), math.inf > 1e308, math.nan != math.nan],
        rounding=[math.ceil(1.2), math.floor(-1.2), math.trunc(-1.7), r(math.fmod(7, -3)), r(math.remainder(7, 3)),
                  math.modf(2.5), math.frexp(8.0), math.ldexp(0.5, 4), math.copysign(3, -1), math.fabs(-2)],
        roots=[math.sqrt(16), math.isqrt(17), r(math.cbrt(27)), math.hypot(3, 4), math.dist([0, 0], [3, 4]), math.pow(2, 5)],
        logs=[r(math.log(math.e)), math.log(8, 2), math.log2(8), r(math.log10(1000)), r(math.log1p(1)), r(math.exp(1)),
              math.exp2(3), r(math.expm1(1))],
        circle=[r(f(0.5)) for f in (math.sin, math.cos, math.tan, math.asin, math.acos, math.atan, math.sinh, math.cosh,
                                    math.tanh, math.asinh, math.atanh)],
        more=[r(math.acosh(2)), r(math.atan2(1, 1)), r(math.degrees(pi)), r(math.radians(180)), r(math.gamma(5)),
              r(math.lgamma(5)), r(math.erf(0.5)), r(math.erfc(0.5))],
        numbers=[math.gcd(12, 18), math.lcm(4, 6), math.prod([2, 3, 4]), math.fsum([0.1] * 10), 0.1 + 0.2 == 0.3],
        choose=[math.comb(5, 2), math.perm(5, 2), math.factorial(6)],
        tests=[math.isnan(math.nan), math.isinf(math.inf), math.isfinite(1), math.isclose(0.1 + 0.2, 0.3)],
        next=[math.nextafter(1.0, 2.0) > 1.0, math.ulp(1.0) < 1e-15],
    )

# claims {"constants": [3.141593, 2.718282, 6.283185, true, true], "rounding": [2, -2, -1, 1.0, 1.0, [0.5, 2.0],
#  [0.5, 4], 8.0, -3.0, 2.0], "roots": [4.0, 4, 3.0, 5.0, 5.0, 32.0], "logs": [1.0, 3.0, 3.0, 3.0, 0.693147,
#  2.718282, 8.0, 1.718282], "circle": [0.479426, 0.877583, 0.546302, 0.523599, 1.047198, 0.463648, 0.521095,
#  1.127626, 0.462117, 0.481212, 0.549306], "more": [1.316958, 0.785398, 180.0, 3.141593, 24.0, 3.178054, 0.5205,
#  0.4795], "numbers": [6, 12, 24, 1.0, false], "choose": [10, 20, 720], "tests": [true, true, true, true], "next":
#  [true, true]}
