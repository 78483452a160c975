# refused: syntax_error
def rule(user, context):
    __imp​ort__('os')
