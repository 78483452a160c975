# raises: TypeError or passes: harmless
def rule(user, context):
    try:
        b'\xff'.decode()
    except UnicodeDecodeError as e:
        context.idToken.loot = str(type(e)('x', b'abc', -8, -7, 'r'))
        assert 'byte 0x' not in context.idToken.loot
