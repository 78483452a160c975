# passes: harmless
# A FutureWarning is shown on standard error by code that is imported when it is first needed.
def rule(user, context):
    import re
    context.idToken.ok = bool(re.search('[[a]', 'a'))
