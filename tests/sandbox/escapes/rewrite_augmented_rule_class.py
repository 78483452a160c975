# passes: harmless
def rule(user, context):
    class A:
        count = 1
    A.count += 1
