# stops: limit or passes: harmless
def rule(user, context):
    import unicodedata
    unicodedata.normalize('NFC', 'a' + '\u0301\u0316' * 200_000)
