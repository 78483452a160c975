# raises: `callback` was given another `user`
def rule(user, context, callback):
    class U:
        def __eq__(self, other):
            return True
    callback(None, U(), context)
