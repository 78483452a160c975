# stops: limit or raises: OverflowError or raises: error or passes: harmless
def rule(user, context):
    import re
    re.compile('((a{1,500}){1,500}){1,500}')
