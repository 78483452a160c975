# raises: TypeError
import uuid
def rule(user, context):
    uuid.UUID.kept = user.email
