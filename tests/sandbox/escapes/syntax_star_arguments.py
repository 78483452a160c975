# raises: TypeError
def rule(user, context):
    def f(**keywords):
        return keywords
    f(**{'__class__': 1})
    setattr(*[user, 'a', 1], **{'__class__': 1})
