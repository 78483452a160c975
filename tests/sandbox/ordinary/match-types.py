# `match` with patterns for the types of data: text, numbers, lists.


def to_list(value):
    match value:
        case None:
            return []
        case str():
            return [part.strip() for part in value.split(",") if part.strip()]
        case list() | tuple() | set():
            return sorted(value)
        case dict():
            return sorted(k for k, v in value.items() if v)
        case bool(flag):
            return ["yes"] if flag else ["no"]
        case int(n) | float(n):
            return [str(n)]


def rule(user, context):
    values = [None, "b, a,,", ["y", "x"], ("z",), {"k": 1, "l": 0}, True, 5, 1.5]
    context.idToken["https://example.com/lists"] = [to_list(value) for value in values]

# claims {"https://example.com/lists": [[], ["b", "a"], ["x", "y"], ["z"], ["k"], ["yes"], ["5"], ["1.5"]]}
