# raises: TypeError
def rule(user, context):
    import statistics
    class N:
        def as_integer_ratio(self):
            return (1, 1)
    statistics.mean([N(), N()])
