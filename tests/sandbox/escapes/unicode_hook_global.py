# refused: name_not_allowed
def rule(user, context):
    global _inplacevar＿
    _inplacevar＿ = print
