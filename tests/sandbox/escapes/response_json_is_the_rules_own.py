# passes: harmless
def rule(user, context):
    answer = http.get('https://h/')
    first = answer.json()
    first['url'] = 'changed'
    context.idToken.a = answer.json()['url']
