# refused: import_not_allowed
def rule(user, context):
    from dataclasses import make_dataclass
    make_dataclass('A', [('x', 'int', '__import__("os")')])
