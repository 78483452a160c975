# An account goes through states; a class knows which change is allowed.


class Account:
    TRANSITIONS = {
        "new": {"verify": "active"},
        "active": {"suspend": "suspended", "close": "closed"},
        "suspended": {"restore": "active", "close": "closed"},
    }

    def __init__(self, state="new"):
        self.state = state
        self.history = [state]

    def apply(self, event):
        try:
            self.state = self.TRANSITIONS[self.state][event]
        except KeyError:
            raise ValueError(f"cannot {event} an account that is {self.state}") from None
        self.history.append(self.state)
        return self


def rule(user, context):
    account = Account()
    events = user.get("events", ["verify", "suspend", "restore"])
    try:
        for event in events:
            account.apply(event)
    except ValueError as error:
        raise UnauthorizedError(str(error))
    context.idToken["https://example.com/state"] = {"now": account.state, "was": account.history}

# claims {"https://example.com/state": {"now": "active", "was": ["new", "active", "suspended", "active"]}}
#
# user {"events": ["verify", "close", "restore"]}
# denied "cannot restore an account that is closed"
