# refused: syntax_not_allowed
def rule(user, context):
    while True:
        try:
            while True:
                pass
        finally:
            break
