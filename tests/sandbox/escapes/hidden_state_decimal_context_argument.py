# raises: TypeError
import decimal
def rule(user, context):
    class C:
        prec = 1
    decimal.Decimal(2).sqrt(C())
