# refused: unknown_member
def rule(user, context):
    import base64
    base64.re.enum.bltns.open('CANARY_FILE')
