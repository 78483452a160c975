# raises: AttributeError
def rule(user, context):
    import statistics
    getattr(statistics, 'sys')
