# refused: syntax_not_allowed
def rule(user, context):
    while True:
        try:
            pass
        finally:
            try:
                pass
            finally:
                match user:
                    case _:
                        continue
