# refused: attribute_not_allowed
def rule(user, context):
    def g():
        yield from [1]
    g().gi_yieldfrom
