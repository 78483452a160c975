# What `re` offers, on one page.

import re
from re import IGNORECASE, MULTILINE

ADDRESS = re.compile(
    r"""
    (?P<local>[\w.+-]+)   # before the at
    @
    (?P<domain>[\w-]+(?:\.[\w-]+)+)
    """,
    re.VERBOSE,
)
LINES = "first: 1\nSecond: 2\nthird: x"


def rule(user, context):
    match = ADDRESS.fullmatch(user.email)
    found = re.search(r"(\d)\D+(\d)?", LINES)
    context.idToken.update(
        groups=[match.group("local"), match["domain"], match.groupdict(), list(match.groups()), match.group(0, 1)],
        places=[match.start("domain"), match.end(), list(match.span("local")), match.pos, match.endpos],
        about=[match.string, match.lastgroup, match.lastindex, match.re.pattern == ADDRESS.pattern, match.expand(r"\2/\1")],
        pattern=[ADDRESS.groups, dict(ADDRESS.groupindex), bool(ADDRESS.flags & re.VERBOSE)],
        method=[ADDRESS.sub("***", "to ada@example.com!"), ADDRESS.subn("x", "a@b.c")[1], bool(ADDRESS.match("a@b.c d")),
                bool(ADDRESS.search("no address")), len(ADDRESS.findall("a@b.c d@e.f")), ADDRESS.split("x")[0],
                [m.group() for m in ADDRESS.finditer("a@b.c, d@e.fg")]],
        found=[found.group(1), found.group(2)],
        lines=re.findall(r"^(\w+): (\d)$", LINES, MULTILINE),
        case=re.sub("second", lambda m: m.group().upper(), LINES, flags=IGNORECASE).splitlines()[1],
        split=re.split(r"[,;]\s*", "a, b;c,d", maxsplit=2),
        swap=re.sub(r"(\w+) (\w+)", r"\2, \g<1>", "Ada Lovelace"),
        count=re.subn("a", "b", "banana", count=2),
        flags=[bool(re.match("a.b", "a\nb", re.DOTALL)), bool(re.match("a.b", "a\nb")), bool(re.fullmatch(r"\w+", "é", re.ASCII)),
               bool(re.search("^x", "y\nx", re.M | re.I)), bool(re.match("A", "a", re.I | re.S)), bool(re.match("é", "É", re.U | re.I)),
               bool(re.match("a b", "ab", re.X)), bool(re.match(r"\d", "१", re.A)), bool(re.match("a", "a", re.NOFLAG)),
               bool(re.match("é", "É", re.UNICODE | re.IGNORECASE))],
        escaped=re.escape("a.b*c"), kinds=[isinstance(match, re.Match), isinstance(ADDRESS, re.Pattern)],
        first=[m.start() for m in re.finditer("an", "banana")], truth=bool(re.match("x", "y")),
    )
    try:
        re.compile("(")
    except re.error as error:
        context.idToken["error"] = str(error)

# claims {"groups": ["ada", "example.com", {"local": "ada", "domain": "example.com"}, ["ada", "example.com"],
#  ["ada@example.com", "ada"]], "places": [4, 15, [0, 3], 0, 15], "about": ["ada@example.com", "domain", 2, true,
#  "example.com/ada"], "pattern": [2, {"local": 1, "domain": 2}, true], "method": ["to ***!", 1, true, false, 2, "x",
#  ["a@b.c", "d@e.fg"]], "found": ["1", "2"], "lines": [["first", "1"], ["Second", "2"]], "case": "SECOND: 2",
#  "split": ["a", "b", "c,d"], "swap": "Lovelace, Ada", "count": ["bbnbna", 2], "flags": [true, false, false, true,
#  true, true, true, false, true, true], "escaped": "a\\.b\\*c", "kinds": [true, true], "first": [1, 3], "truth":
#  false, "error": "missing ), unterminated subpattern at position 0"}
