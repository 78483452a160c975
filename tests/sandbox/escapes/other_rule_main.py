# refused: import_not_allowed
import __main__
def rule(user, context):
    pass
