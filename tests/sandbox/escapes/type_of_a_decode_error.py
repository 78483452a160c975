# raises: AttributeError
def rule(user, context):
    # CPython's text of this error reads memory at any place that it is made with: the class is not given out.
    try:
        b"\xff".decode()
    except Exception as error:
        made = type(error)("utf-8", b"", 0, 10**9, "loot")
    context.idToken.loot = [str(made), made.object]
