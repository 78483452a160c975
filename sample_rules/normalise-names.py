"""Names without the accidents of sign-up forms

Collapses white space, capitalises names typed in one case, and leaves the others (`van Dyck`) alone.
Changes the user for the rules after it, and the claim where it differs from what the user typed.
"""

import re

SPACE = re.compile(r"\s+")
WORD = re.compile(r"[^\W\d_]+")


def normalise(name):
    name = SPACE.sub(" ", name).strip()
    if name.isupper() or name.islower():
        name = WORD.sub(lambda found: found.group(0).capitalize(), name)
    return name


def rule(user, context):
    typed = user.get("name")
    if not isinstance(typed, str):
        return
    user.name = normalise(typed)
    if user.name != typed:
        context.idToken["https://example.com/display_name"] = user.name
