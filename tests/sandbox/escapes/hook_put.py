# refused: name_not_allowed
# A change by hand, past the order in which the transformer has it.
def rule(user, context):
    _put_("admin", user, "role")
