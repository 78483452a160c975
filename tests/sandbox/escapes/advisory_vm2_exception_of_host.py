# raises: AttributeError
# vm2 CVE-2022-36067 and CVE-2026-22709: the host's own exception, caught and climbed.
def rule(user, context):
    def f():
        f()
    try:
        f()
    except RecursionError as e:
        context.idToken.loot = str(getattr(e, '__traceback__'))
