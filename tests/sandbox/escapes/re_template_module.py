# refused: unknown_member
def rule(user, context):
    import re
    re.enum
