# raises: AttributeError
# policykit #533: C code imports through the rule's own `__import__`.
def rule(user, context):
    import datetime
    d = datetime.datetime.strptime('2020-01-02', '%Y-%m-%d')
    assert d.strftime('%Y') == '2020'
    datetime.datetime.strptime.__name__ if False else getattr(datetime.datetime.strptime, '__globals__')
