# refused: attribute_not_allowed
def rule(user, context):
    f'{1:{(lambda: ().__class__)()}}'
