# Text from data and back, in the shapes of `json`.

import json
from datetime import datetime, timezone


def rule(user, context):
    data = {"b": [1, 2.5, None, True], "a": {"é": "\u2028"}}
    context.idToken.update(
        compact=json.dumps(data, separators=(",", ":"), sort_keys=True),
        unicode=json.dumps(data["a"], ensure_ascii=False),
        pretty=json.dumps({"k": [1]}, indent=2),
        default=json.dumps({"at": datetime(2027, 1, 1, tzinfo=timezone.utc), "set": {1}}, default=str),
        converted=json.dumps([{2, 1}], default=sorted),
        keys=json.dumps({1: "a", None: "b", True: "c"}),
        loaded=json.loads('{"n": 1e3, "t": "\\u00e9", "l": [true, null]}'),
        bytes=json.loads(b"[1]"),
        same=json.loads(json.dumps(data)) == data,
    )
    try:
        json.loads('{"a": }')
    except json.JSONDecodeError as error:
        context.idToken["error"] = str(error)
        context.idToken["where"] = [error.msg, error.lineno, error.colno, error.pos]

# claims {"compact": "{\"a\":{\"\\u00e9\":\"\\u2028\"},\"b\":[1,2.5,null,true]}", "unicode": "{\"é\": \" \"}",
#  "pretty": "{\n  \"k\": [\n    1\n  ]\n}", "default": "{\"at\": \"2027-01-01 00:00:00+00:00\", \"set\": \"{1}\"}",
#  "converted": "[[1, 2]]", "keys": "{\"1\": \"c\", \"null\": \"b\"}", "loaded": {"n": 1000.0, "t": "é", "l": [true,
#  null]}, "bytes": [1], "same": true, "error": "Expecting value: line 1 column 7 (char 6)", "where": ["Expecting
#  value", 1, 7, 6]}
