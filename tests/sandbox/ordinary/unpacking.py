# Stars and tuples on both sides.


def bounds(*numbers, **options):
    low, *_, high = sorted(numbers)
    return (high, low) if options.get("reverse") else (low, high)


def rule(user, context):
    first, *others = user["app_metadata"]["roles"]
    name, _, domain = user["email"].partition("@")
    (a, b), c = (1, 2), 3
    a, b = b, a
    x = y = z = 0
    head, [inner, *tail] = "h", [1, 2, 3]
    defaults = {"theme": "light", "lang": "en"}
    settings = {**defaults, **user["user_metadata"], "lang": "fr"}
    numbers = [*range(3), *(7, 8)]
    for index, (key, value) in enumerate(sorted(settings.items())):
        print(index, key, value)
    context["idToken"].update(
        first=first, others=others, name=name, domain=domain, abc=[a, b, c, x, y, z], head=[head, inner, tail],
        settings=settings, bounds=bounds(*numbers), reverse=bounds(5, *numbers, **{"reverse": True}),
    )

# claims {"first": "admin", "others": ["staff"], "name": "ada", "domain": "example.com", "abc": [2, 1, 3, 0, 0, 0],
#  "head": ["h", 1, [2, 3]], "settings": {"theme": "light", "lang": "fr", "color": "blue"}, "bounds": [0, 8],
#  "reverse": [8, 0]}
# logs ["0 color blue", "1 lang fr", "2 theme light"]
