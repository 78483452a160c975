# refused: name_not_allowed
def rule(user, context):
    class A:
        __match_args__ = ('__class__',)
