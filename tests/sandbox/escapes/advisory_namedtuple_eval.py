# refused: import_not_allowed or refused: unknown_member
def rule(user, context):
    from collections import namedtuple
    namedtuple('A', 'x', module=user)
