# Whole numbers, fractions and truth values, and what they can do.


def rule(user, context):
    n, x = 1000, 2.75
    context.idToken.update(
        integers=[n.bit_length(), n.bit_count(), n.to_bytes(2, "big").hex(), int.from_bytes(b"\x03\xe8", "big"),
                  n.as_integer_ratio(), n.real, n.imag, n.numerator, n.denominator, n.conjugate(), int.bit_length(7)],
        floats=[x.as_integer_ratio(), x.is_integer(), (2.0).is_integer(), x.hex(), float.fromhex("0x1.6p+1"), x.real, x.imag,
                float.is_integer(3.0)],
        flags=[True + True, True.bit_length(), True.real, True.imag, True.numerator, False.denominator,
               True.bit_count(), True.to_bytes(1, "big").hex(), int(True), True & False, True ^ True, bool("")],
        parsed=[int("42"), int(" -7 "), int("ff", 16), int("0b101", 0), int(3.9), int("1_000"), float("1.5e3"), float("-inf") < 0],
        texts=[str(1.0), repr(0.1), hex(255), oct(8), bin(5), f"{1e21:.0f}", str(10**20), chr(8364), ord("é"), ascii("é")],
        rounding=[round(2.5), round(3.5), round(-2.675, 2), round(1234, -2), abs(-3), divmod(-7, 3), pow(2, 10), pow(3, -1, 7)],
        operators=[7 // 2, -7 // 2, 7 % 3, -7 % 3, 2**-1, 7 / 2, 6 & 3, 6 | 3, 6 ^ 3, ~6, 1 << 4, 256 >> 2, +5, -5],
        literals=[0xFF, 0o17, 0b11, 1_000_000, 1e3, 0.5, 1.5e-3],
        extremes=[max(3, 1, 2), min([3, 1, 2]), max("b", "a", key=ord), sum([1, 2], 10), max([], default="none")],
    )

# claims {"integers": [10, 6, "03e8", 1000, [1000, 1], 1000, 0, 1000, 1, 1000, 3], "floats": [[11, 4], false, true,
#  "0x1.6000000000000p+1", 2.75, 2.75, 0.0, true], "flags": [2, 1, 1, 0, 1, 1, 1, "01", 1, false, false, false],
#  "parsed": [42, -7, 255, 5, 3, 1000, 1500.0, true], "texts": ["1.0", "0.1", "0xff", "0o10", "0b101",
#  "1000000000000000000000", "100000000000000000000", "€", 233, "'\\xe9'"], "rounding": [2, 4, -2.67, 1200, 3, [-3,
#  2], 1024, 5], "operators": [3, -4, 1, 2, 0.5, 3.5, 2, 7, 5, -7, 16, 64, 5, -5], "literals": [255, 15, 3, 1000000,
#  1000.0, 0.5, 0.0015], "extremes": [3, 1, "b", 13, "none"]}
