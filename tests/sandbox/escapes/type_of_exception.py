# passes: harmless
def rule(user, context):
    try:
        1 / 0
    except Exception as e:
        assert type(e) is ZeroDivisionError
        type(e)('x').args
