# passes: harmless
import decimal

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
    value = decimal.Decimal('1.5')
    found = leads(value)
    for part in (
        value.adjusted, value.as_integer_ratio, value.compare, value.compare_signal, value.compare_total,
        value.conjugate, value.copy_abs, value.copy_negate, value.copy_sign, value.exp, value.fma, value.imag,
        value.is_finite, value.is_infinite, value.is_nan, value.is_normal, value.is_qnan, value.is_signed,
        value.is_snan, value.is_subnormal, value.is_zero, value.ln, value.log10, value.logb, value.max,
        value.min, value.next_minus, value.next_plus, value.normalize, value.number_class, value.quantize,
        value.real, value.remainder_near, value.same_quantum, value.scaleb, value.sqrt, value.to_eng_string,
        value.to_integral, value.to_integral_exact, value.to_integral_value,
    ):
        found += leads(part)
    assert not found, found
