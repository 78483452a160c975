# raises: TypeError
def rule(user, context):
    import decimal
    class A(decimal.Decimal):
        pass
