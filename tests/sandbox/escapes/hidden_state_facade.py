# refused: unknown_member
import json
def rule(user, context):
    json.kept = user.email
