# refused: syntax_not_allowed
def rule(user, context):
    while True:
        try:
            pass
        finally:
            for x in []:
                pass
            else:
                continue
