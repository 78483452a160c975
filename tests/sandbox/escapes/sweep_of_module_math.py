# passes: harmless
import math

INSIDES = (
    "__class__", "__self__", "__func__", "__globals__", "__builtins__", "__code__", "__closure__", "__dict__", "__module__",
    "__wrapped__", "__reduce_ex__", "__getattribute__", "__init__", "__subclasses__", "__mro__", "mro", "gi_frame", "gi_code",
    "cr_frame", "ag_frame", "tb_frame", "tb_next", "f_back", "f_globals", "f_locals", "f_builtins", "f_code", "co_consts",
    "func", "keywords", "fget", "fset", "obj", "object", "func_globals", "im_self", "cache_clear", "cache_info", "_x", "_value",
)


def leads(value):
    """The insides of `value` that can be read by name."""
    return [name for name in INSIDES if hasattr(value, name)]


def rule(user, context):
    found = leads(math)
    for part in (
        math.acos, math.acosh, math.asin, math.asinh, math.atan, math.atan2, math.atanh, math.cbrt, math.ceil,
        math.comb, math.copysign, math.cos, math.cosh, math.degrees, math.dist, math.e, math.erf, math.erfc,
        math.exp, math.exp2, math.expm1, math.fabs, math.factorial, math.floor, math.fmod, math.frexp,
        math.fsum, math.gamma, math.gcd, math.hypot, math.inf, math.isclose, math.isfinite, math.isinf,
        math.isnan, math.isqrt, math.lcm, math.ldexp, math.lgamma, math.log, math.log10, math.log1p, math.log2,
        math.modf, math.nan, math.nextafter, math.perm, math.pi, math.pow, math.prod, math.radians,
        math.remainder, math.sin, math.sinh, math.sqrt, math.tan, math.tanh, math.tau, math.trunc, math.ulp,
    ):
        found += [name for name in leads(part) if not isinstance(part, (str, set))]
    for name in ('sys', 'os', 'kept', 'acos', 'ulp'):
        for change in (lambda: setattr(math, name, print), lambda: delattr(math, name)):
            try:
                change()
                found.append(name)
            except (TypeError, AttributeError):
                pass
    assert not found, found
