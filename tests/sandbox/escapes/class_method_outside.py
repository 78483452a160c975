# refused: name_not_allowed
def rule(user, context):
    def __init__(self):
        pass
    class A:
        pass
