# refused: name_not_allowed
def rule(user, context):
    dict(_＿class＿＿=1)
