# stops: timed_out
def rule(user, context):
    import itertools
    for x in itertools.count():
        pass
