# raises: NameError
# Redash #2755: `_inplacevar_` by `exec` of the text of the operator.
def rule(user, context):
    x = 1
    x += (lambda: undefined_by_exec())()
def undefined_by_exec():
    raise NameError('x')
