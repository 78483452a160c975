# passes: harmless
def rule(user, context):
    global print, len
    print = len = lambda *a: 7
    assert print(1) == len([]) == 7
