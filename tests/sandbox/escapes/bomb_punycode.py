# stops: limit
def rule(user, context):
    ''.join(chr(0x100 + i % 60000) for i in range(50_000)).encode('punycode')
