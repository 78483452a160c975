# refused: attribute_not_allowed
def rule(user, context):
    (lambda: 0).__code__
