# refused: name_not_allowed
def rule(user, context):
    class _＿metaclass＿＿:
        pass
