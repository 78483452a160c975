# passes: harmless
str = type = isinstance = getattr = dict = list = print
def rule(user, context):
    context.idToken['ok'] = [1]
    context.idToken.ok.append(2)
