# refused: import_not_allowed
import rule as r
def rule(user, context):
    pass
