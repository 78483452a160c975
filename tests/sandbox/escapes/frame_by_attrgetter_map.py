# refused: unknown_member
def rule(user, context):
    import operator
    list(map(operator.attrgetter('gi_frame.f_back'), [(x for x in [1])]))
