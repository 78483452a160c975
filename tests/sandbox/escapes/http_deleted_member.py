# raises: TypeError
def rule(user, context):
    del http.get
