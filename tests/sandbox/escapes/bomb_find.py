# stops: limit or passes: harmless
def rule(user, context):
    ('a' * 5_000_000).find('a' * 2_000_000 + 'b' + 'a' * 2_000_000)
