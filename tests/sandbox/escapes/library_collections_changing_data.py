# raises: AttributeError
def rule(user, context):
    import collections
    getattr(collections.OrderedDict, 'update')(context.idToken, admin=True)
