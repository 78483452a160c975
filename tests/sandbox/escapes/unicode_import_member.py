# refused: import_not_allowed or refused: name_not_allowed
def rule(user, context):
    from json import _＿builtins＿＿
