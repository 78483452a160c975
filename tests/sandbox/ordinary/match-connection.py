# `match` over text, numbers, lists and dicts.


def describe(value):
    match value:
        case None:
            return "nothing"
        case True | False:
            return "a flag"
        case 0:
            return "zero"
        case -1 | 1:
            return "one"
        case "google-oauth2" | "facebook" as name:
            return f"social {name}"
        case []:
            return "an empty list"
        case [single]:
            return f"a list of {single}"
        case [first, *middle, last]:
            return f"a list from {first} to {last} with {len(middle)} between"
        case {"strategy": "waad", "domain": domain, **rest}:
            return f"azure {domain} {sorted(rest)}"
        case {"strategy": strategy} if strategy.startswith("saml"):
            return "saml"
        case {}:
            return "a dict"
        case _:
            return "something else"


def rule(user, context):
    values = [None, True, 0, -1, "facebook", [], ["a"], (1, 2, 3), {"strategy": "waad", "domain": "x", "b": 1, "a": 2},
              {"strategy": "samlp"}, {"other": 1}, 2.5]
    context.idToken["https://example.com/kinds"] = [describe(value) for value in values]

# claims {"https://example.com/kinds": ["nothing", "a flag", "zero", "one", "social facebook", "an empty list", "a
#  list of a", "a list from 1 to 3 with 1 between", "azure x ['a', 'b']", "saml", "a dict", "something else"]}
