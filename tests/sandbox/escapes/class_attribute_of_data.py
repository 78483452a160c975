# raises: TypeError
def rule(user, context):
    setattr(str, "lower", lambda self: "loot")
