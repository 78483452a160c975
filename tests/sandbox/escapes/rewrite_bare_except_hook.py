# refused: name_not_allowed
def rule(user, context):
    _Exception_ = object
    try:
        while True:
            pass
    except:
        pass
