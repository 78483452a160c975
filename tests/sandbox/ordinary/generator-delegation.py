# Generators that hand over to others, answer with a value and are sent one.


def walk(tree, path=()):
    for name, child in sorted(tree.items()):
        yield "/".join((*path, name))
        if isinstance(child, dict):
            yield from walk(child, (*path, name))


def average():
    total, count, value = 0, 0, None
    while True:
        value = yield value if count == 0 else total / count
        total += value
        count += 1


def summed(numbers):
    yield from numbers
    return sum(numbers)


def report(numbers):
    total = yield from summed(numbers)
    yield f"total {total}"


def rule(user, context):
    tree = {"apps": {"crm": {"read": 1, "write": 1}, "wiki": 1}, "admin": 1}
    context.idToken["paths"] = list(walk(tree))
    running = average()
    next(running)
    context.idToken["averages"] = [running.send(value) for value in (10, 20, 60)]
    running.close()
    context.idToken["report"] = list(report([1, 2, 3]))

# claims {"paths": ["admin", "apps", "apps/crm", "apps/crm/read", "apps/crm/write", "apps/wiki"], "averages": [10.0,
#  15.0, 30.0], "report": [1, 2, 3, "total 6"]}
