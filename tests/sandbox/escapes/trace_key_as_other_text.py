# passes: harmless
def rule(user, context):
    import datetime
    context.idToken[datetime.date(2020, 1, 1)] = 1
    context.idToken[(1, 2)] = 2
    context.idToken['(1, 2)'] = 3
    user[1.5] = context.accessToken[None] = 4
