# raises: AttributeError
def rule(user, context):
    getattr(object, '__subclasses__')
