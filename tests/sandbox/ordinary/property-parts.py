# A property put together from its parts.


class Account:
    def __init__(self, balance):
        self._balance = balance

    balance = property(lambda self: self._balance)

    @balance.deleter
    def balance(self):
        self._balance = None

    limit = property()

    @limit.getter
    def limit(self):
        return (self._balance or 0) * 2


def rule(user, context):
    account = Account(50)
    before = [account.balance, account.limit]
    del account.balance
    context.idToken["https://example.com/account"] = [*before, account.balance, account.limit]
    try:
        account.limit = 5
    except AttributeError:
        context.idToken["https://example.com/fixed"] = True

# claims {"https://example.com/account": [50, 100, null, 0], "https://example.com/fixed": true}
