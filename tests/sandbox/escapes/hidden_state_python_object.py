# raises: TypeError
import uuid
def rule(user, context):
    uuid.NAMESPACE_DNS.int = 1
