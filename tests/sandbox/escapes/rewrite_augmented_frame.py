# refused: attribute_not_allowed
def rule(user, context):
    (i for i in []).gi_frame += 1
