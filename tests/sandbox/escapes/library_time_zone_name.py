# passes: harmless
def rule(user, context):
    import datetime
    z = datetime.timezone(datetime.timedelta(hours=1), 'x' * 100_000)
    context.idToken.ok = datetime.datetime(2020, 1, 1, tzinfo=z).isoformat()
