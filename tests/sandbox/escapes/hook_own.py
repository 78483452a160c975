# refused: name_not_allowed
# What is noted as the rule's own is not looked for in the data.
def rule(user, context):
    roles = _own_(user.app_metadata.roles)
    roles.append("admin")
