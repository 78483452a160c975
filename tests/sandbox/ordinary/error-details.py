# What an error knows about itself.

import json
import re


def rule(user, context):
    try:
        json.loads("[1, 2")
    except json.JSONDecodeError as error:
        context.idToken["json"] = [error.msg, error.doc, error.pos, error.lineno, error.colno, error.args[0]]
    try:
        re.compile("a\n(b")
    except re.error as error:
        context.idToken["pattern"] = [error.msg, error.pattern, error.pos, error.lineno, error.colno]
    try:
        raise ValueError("no", 5, {"field": "email"})
    except ValueError as error:
        text, number, details = error.args
        context.idToken["value"] = [text, number, details["field"], str(error), repr(error)]

# claims {"json": ["Expecting ',' delimiter", "[1, 2", 5, 1, 6, "Expecting ',' delimiter: line 1 column 6 (char
#  5)"], "pattern": ["missing ), unterminated subpattern", "a\n(b", 2, 2, 1], "value": ["no", 5, "email", "('no', 5,
#  {'field': 'email'})", "ValueError('no', 5, {'field': 'email'})"]}
