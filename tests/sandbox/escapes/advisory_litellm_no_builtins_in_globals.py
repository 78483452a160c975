# refused: name_not_available
# litellm #21256: globals without `__builtins__` are given all of them by `exec`.
def rule(user, context):
    open('CANARY_FILE').read()
