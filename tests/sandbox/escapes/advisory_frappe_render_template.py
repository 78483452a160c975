# refused: import_not_allowed
def rule(user, context):
    import jinja2
    jinja2.Template('{{ 1 }}')
