# raises: ZeroDivisionError
def rule(user, context):
    l, d = [], {}
    l.append(d)
    d['l'] = l
    x = [l, d, 1 / 0]
