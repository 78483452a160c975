# refused: unknown_member
import re
def rule(user, context):
    re.purge()
