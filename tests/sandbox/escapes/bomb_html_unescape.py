# stops: limit or passes: harmless
def rule(user, context):
    import html
    html.unescape('&#x10ffff;' * 10 ** 6)
