# raises: AttributeError
import datetime
def rule(user, context):
    context.idToken.loot = str(datetime.datetime.now()._year)
