# Characters and what is known about them.

import unicodedata


def rule(user, context):
    name = "Å"
    context.idToken.update(
        names=[unicodedata.name("é"), unicodedata.name("\x00", "none"), unicodedata.lookup("BULLET")],
        kinds=[unicodedata.category(c) for c in "aA1 -€"],
        forms=[len(unicodedata.normalize(form, name)) for form in ("NFC", "NFD", "NFKC", "NFKD")],
        numbers=[unicodedata.numeric("½"), unicodedata.digit("२"), unicodedata.decimal("7")],
        asks=[unicodedata.combining("\u0301") > 0, unicodedata.is_normalized("NFC", name), unicodedata.mirrored("("),
              unicodedata.bidirectional("א"), unicodedata.east_asian_width("漢"), unicodedata.decomposition("é")],
    )

# claims {"names": ["LATIN SMALL LETTER E WITH ACUTE", "none", "•"], "kinds": ["Ll", "Lu", "Nd", "Zs", "Pd", "Sc"],
#  "forms": [1, 2, 1, 2], "numbers": [0.5, 2, 7], "asks": [true, true, 1, "R", "W", "0065 0301"]}
