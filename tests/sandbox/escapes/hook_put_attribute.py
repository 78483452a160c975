# refused: name_not_allowed
def rule(user, context, _put_attribute_=setattr):
    user.role = "admin"
