# Puts courses in an order in which each comes after those that it needs.

NEEDS = {"algebra": [], "calculus": ["algebra"], "physics": ["calculus"], "chemistry": ["algebra"], "circle": ["loop"], "loop": ["circle"]}


class Circle(Exception):
    pass


def order(name, done, path=()):
    if name in done:
        return
    if name in path:
        raise Circle(" > ".join((*path, name)))
    for need in NEEDS[name]:
        order(need, done, (*path, name))
    done.append(name)


def rule(user, context):
    done = []
    try:
        for course in user.get("courses", ["physics", "chemistry"]):
            order(course, done)
    except Circle as circle:
        context.idToken["https://example.com/problem"] = str(circle)
    context.idToken["https://example.com/plan"] = done

# claims {"https://example.com/plan": ["algebra", "calculus", "physics", "chemistry"]}
#
# user {"courses": ["algebra", "circle"]}
# claims {"https://example.com/problem": "circle > loop > circle", "https://example.com/plan": ["algebra"]}
