# A very small template language: names, conditions, loops.

import re

TOKEN = re.compile(r"{{\s*(.*?)\s*}}")
TEXT = "Hi {{ name }}!{{ if admin }} You rule.{{ end }}{{ each roles }} [{{ it }}]{{ end }}"


def render(text, values):
    tokens = TOKEN.split(text)

    def block(position, scope, active):
        out = []
        while position < len(tokens):
            if position % 2 == 0:
                out.append(tokens[position] if active else "")
            else:
                word, _, argument = tokens[position].partition(" ")
                if word == "end":
                    return "".join(out), position
                if word == "if":
                    inner, position = block(position + 1, scope, active and bool(scope.get(argument)))
                    out.append(inner)
                elif word == "each":
                    start = position + 1
                    for item in scope.get(argument, []):
                        inner, position = block(start, {**scope, "it": item}, active)
                        out.append(inner)
                elif active:
                    out.append(str(scope.get(word, "")))
            position += 1
        return "".join(out), position

    return block(0, values, True)[0]


def rule(user, context):
    roles = user.app_metadata.roles
    values = {"name": user.email.split("@")[0], "admin": "admin" in roles, "roles": roles}
    context.idToken["https://example.com/text"] = render(TEXT, values)

# claims {"https://example.com/text": "Hi ada! You rule. [admin] [staff]"}
#
# user {"app_metadata": {"roles": ["guest"]}}
# claims {"https://example.com/text": "Hi ada! [guest]"}
