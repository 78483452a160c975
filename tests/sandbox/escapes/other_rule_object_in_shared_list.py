# passes: harmless
def rule(user, context):
    shared = [1]
    user.a = {'x': shared}
    context.b = (shared, [shared])
    shared.append(lambda: 1)
