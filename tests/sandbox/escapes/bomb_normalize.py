# stops: limit or passes: harmless
def rule(user, context):
    import unicodedata
    unicodedata.normalize('NFKD', 'ﷺ' * 3_000_000)
