# refused: import_not_allowed
def rule(user, context):
    from authentik.core.models import User
