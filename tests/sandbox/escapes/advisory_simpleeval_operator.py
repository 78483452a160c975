# refused: import_not_allowed
# simpleeval #199: `operator` reads attributes for the rule.
def rule(user, context):
    from operator import attrgetter, methodcaller, itemgetter
