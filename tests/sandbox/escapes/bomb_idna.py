# stops: limit or raises: UnicodeError
def rule(user, context):
    ('ａ' * 5_000_000).encode('idna')
