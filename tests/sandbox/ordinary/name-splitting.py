# Given name and family name out of one text, with the little words of names.

PARTICLES = {"van", "von", "de", "der", "la", "da"}
TITLES = ("dr.", "prof.", "mr.", "mrs.", "ms.")


def split_name(name):
    words = [word for word in name.split() if word.lower() not in TITLES]
    if "," in name:
        family, _, given = " ".join(words).partition(",")
        return given.strip(), family.strip()
    if len(words) < 2:
        return "", "".join(words)
    cut = len(words) - 1
    while cut > 1 and words[cut - 1].lower() in PARTICLES:
        cut -= 1
    return " ".join(words[:cut]), " ".join(words[cut:])


def rule(user, context):
    given, family = split_name(user.get("name") or "")
    context.idToken.update(given=given, family=family)

# user {"name": "Dr. Ludwig van Beethoven"}
# claims {"given": "Ludwig", "family": "van Beethoven"}
#
# user {"name": "Lovelace,  Ada"}
# claims {"given": "Ada", "family": "Lovelace"}
#
# user {"name": "Anna Maria de la Cruz"}
# claims {"given": "Anna Maria", "family": "de la Cruz"}
#
# user {"name": "Plato"}
# claims {"given": "", "family": "Plato"}
