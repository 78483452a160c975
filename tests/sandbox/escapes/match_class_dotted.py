# refused: syntax_not_allowed
import datetime


def rule(user, context):
    match user:
        case datetime.datetime():
            context.idToken.loot = 1
