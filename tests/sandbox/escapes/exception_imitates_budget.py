# raises: BudgetExceeded
def rule(user, context):
    class BudgetExceeded(Exception):
        code = 'too_large'
    raise BudgetExceeded('forged')
