# refused: name_not_available
def rule(user, context):
    try:
        while True:
            pass
    except BaseException:
        pass
