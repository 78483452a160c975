# raises: KeyError or refused: name_not_allowed
def rule(user, context):
    context['__builtins__']['open']('CANARY_FILE')
