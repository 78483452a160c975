# refused: import_not_allowed
def rule(user, context):
    from string import Formatter
    Formatter().get_field('0.__class__', ((),), {})
