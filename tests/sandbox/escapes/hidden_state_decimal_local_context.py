# refused: unknown_member
import decimal
def rule(user, context):
    decimal.setcontext(decimal.Context(prec=1))
