# refused: syntax_not_allowed
def rule(user, context):
    class A:
        x = 1
    match A():
        case A(x):
            pass
