# refused: name_not_allowed
def rule(user, context):
    class A:
        def __mro_entries__(self, bases):
            return (dict,)
