# Changing and asking for the shape of text.


def rule(user, context):
    text = "hello World"
    context.idToken.update(
        cases=[text.upper(), text.lower(), text.title(), text.capitalize(), text.swapcase(), "Straße".casefold()],
        sides=[text.center(15, "*"), text.ljust(13, "."), text.rjust(13), "42".zfill(5), "a\tb".expandtabs(4)],
        strips=["  x ".strip(), "xxaxx".lstrip("x"), "xxaxx".rstrip("x"), "--a--".strip("-")],
        asks=[
            "abc".isalpha(), "a1".isalnum(), "12".isdigit(), "½".isnumeric(), "१".isdecimal(), "abc".islower(),
            "ABC".isupper(), "A B".istitle(), " \t".isspace(), "abc".isascii(), "name_1".isidentifier(),
            "a\n".isprintable(),
        ],
        table="hello".translate(str.maketrans("el", "ip", "o")),
        mapping="a&b".translate(str.maketrans({"&": "&amp;"})),
        bytes=["é".encode().hex(), "x".encode("utf-16-le").hex(), "é".encode("ascii", errors="replace").decode()],
        classes=[list(map(str.upper, ["a", "b"])), sorted(["b", "A"], key=str.lower), str.join("-", "xyz")],
    )

# claims {"cases": ["HELLO WORLD", "hello world", "Hello World", "Hello world", "HELLO wORLD", "strasse"], "sides":
#  ["**hello World**", "hello World..", "  hello World", "00042", "a   b"], "strips": ["x", "axx", "xxa", "a"],
#  "asks": [true, true, true, true, true, true, true, true, true, true, true, false], "table": "hipp", "mapping":
#  "a&amp;b", "bytes": ["c3a9", "7800", "?"], "classes": [["A", "B"], ["A", "b"], "x-y-z"]}
