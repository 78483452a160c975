# refused: syntax_error
# CPython opens the file that a syntax error names, to show its line.
def rule(user, context):
    x = = 1
