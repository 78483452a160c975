# refused: name_not_allowed
def f(_Exception_=None):
    try:
        while True:
            pass
    except:
        pass
def rule(user, context):
    f()
