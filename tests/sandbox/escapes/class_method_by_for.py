# refused: name_not_allowed
def rule(user, context):
    class A:
        for __getattr__ in [print]:
            pass
