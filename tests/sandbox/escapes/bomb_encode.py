# stops: limit
def rule(user, context):
    ('é' * 10 ** 8).encode('utf-32').decode('utf-32').encode('unicode_escape')
