# Conditions of the operator as text: `role:admin and not domain:example.org`.


def tokens(text):
    yield from text.replace("(", " ( ").replace(")", " ) ").split()


class Parser:
    def __init__(self, text, facts):
        self.words = list(tokens(text))
        self.facts = facts

    def take(self, *expected):
        if self.words and (not expected or self.words[0] in expected):
            return self.words.pop(0)
        return None

    def either(self):
        value = self.both()
        while self.take("or"):
            value = self.both() or value
        return value

    def both(self):
        value = self.single()
        while self.take("and"):
            value = self.single() and value
        return value

    def single(self):
        if self.take("not"):
            return not self.single()
        if self.take("("):
            value = self.either()
            if not self.take(")"):
                raise ValueError("a bracket is not closed")
            return value
        word = self.take()
        if word is None:
            raise ValueError("the condition ends too early")
        return word in self.facts


def rule(user, context):
    facts = {f"role:{role}" for role in user.app_metadata.roles} | {"domain:" + user.email.split("@")[1]}
    results = {}
    for text in ("role:admin and not domain:example.org", "role:x or (role:staff and role:y)", "not not role:staff", "(a", "a and"):
        try:
            results[text] = Parser(text, facts).either()
        except ValueError as error:
            results[text] = str(error)
    context.idToken["https://example.com/conditions"] = results

# claims {"https://example.com/conditions": {"role:admin and not domain:example.org": true, "role:x or (role:staff
#  and role:y)": false, "not not role:staff": true, "(a": "a bracket is not closed", "a and": "the condition ends too
#  early"}}
