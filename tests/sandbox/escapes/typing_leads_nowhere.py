# raises: AttributeError
from typing import Optional


def rule(user, context):
    context.idToken.loot = str(Optional[str].sys)
