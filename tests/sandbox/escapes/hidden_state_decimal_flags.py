# passes: harmless
import decimal
def rule(user, context):
    D = decimal.Decimal
    context.idToken.third = str(D(1) / D(3))
    try:
        D(1) / D(0)
    except decimal.DivisionByZero:
        pass
    assert len(str(D(1) / D(3))) == 30
