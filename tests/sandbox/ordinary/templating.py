# A greeting in the person's language, by `str.format`.

GREETINGS = {
    "en": "Hello {name}, you have {count:d} new {0}.",
    "de": "Hallo {name}, {count:>3} neue {0}.",
    "fr": "Bonjour {name!r}, {count} nouveaux {0}, {{oui}}.",
}


def rule(user, context):
    language = user["user_metadata"].get("lang", "en")
    name = user["email"].split("@")[0].capitalize()
    template = GREETINGS.get(language, GREETINGS["en"])
    context.idToken["https://example.com/greeting"] = template.format("messages", name=name, count=7)
    context.idToken["https://example.com/mail"] = "{name} <{email}>".format_map({"name": name, **user})
    context.idToken["https://example.com/old"] = "%s has %d roles (%5.1f%%)" % (name, 2, 12.345)
    context.idToken["https://example.com/named"] = "%(email)s|%(user_id)-10s|" % user

# claims {"https://example.com/greeting": "Hello Ada, you have 7 new messages.", "https://example.com/mail": "Ada
#  <ada@example.com>", "https://example.com/old": "Ada has 2 roles ( 12.3%)", "https://example.com/named":
#  "ada@example.com|auth0|1   |"}
#
# user {"user_metadata": {"lang": "de"}}
# claims {"https://example.com/greeting": "Hallo Ada,   7 neue messages.", "https://example.com/mail": "Ada
#  <ada@example.com>", "https://example.com/old": "Ada has 2 roles ( 12.3%)", "https://example.com/named":
#  "ada@example.com|auth0|1   |"}
#
# user {"user_metadata": {"lang": "fr"}}
# claims {"https://example.com/greeting": "Bonjour 'Ada', 7 nouveaux messages, {oui}.", "https://example.com/mail":
#  "Ada <ada@example.com>", "https://example.com/old": "Ada has 2 roles ( 12.3%)", "https://example.com/named":
#  "ada@example.com|auth0|1   |"}
