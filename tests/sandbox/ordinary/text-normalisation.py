# Names without accents and odd spaces, for a search index.

import re
import unicodedata

SPACES = re.compile(r"\s+")


def plain(text):
    decomposed = unicodedata.normalize("NFKD", text)
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return SPACES.sub(" ", letters).strip().casefold()


def rule(user, context):
    name = user.get("name", "")
    context.idToken["https://example.com/search_name"] = plain(name)
    context.idToken["https://example.com/slug"] = re.sub(r"[^a-z0-9]+", "-", plain(name)).strip("-")

# user {"name": "  José  Ángel\tGroß-Müller "}
# claims {"https://example.com/search_name": "jose angel gross-muller", "https://example.com/slug":
#  "jose-angel-gross-muller"}
#
# user {"name": "Ｆｕｌｌ ﬁnal"}
# claims {"https://example.com/search_name": "full final", "https://example.com/slug": "full-final"}
