# What bytes have in common with text.


def rule(user, context):
    context.idToken.update(
        asks=[b"a1".isalnum(), b"ab".isalpha(), b"\xff".isascii(), b"12".isdigit(), b"ab".islower(), b" \n".isspace(),
              b"AB".isupper()],
        sides=[b"a".ljust(3, b".").decode(), b"a".rjust(3).decode(), b"7".zfill(3).decode(), b"a b".title().decode()],
        cuts=[b"a:b:c".rpartition(b":")[0].decode(), b"abca".rindex(b"a"), [p.hex() for p in b"a\nb".splitlines()]],
        table=b"abc".translate(bytes.maketrans(b"a", b"x")).decode(),
        percent=(b"%s=%d" % (b"a", 5)).decode(),
    )

# claims {"asks": [true, true, false, true, true, true, true], "sides": ["a..", "  a", "007", "A B"], "cuts":
#  ["a:b", 3, ["61", "62"]], "table": "xbc", "percent": "a=5"}
