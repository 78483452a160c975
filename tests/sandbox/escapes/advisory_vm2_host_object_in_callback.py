# raises: AttributeError
# vm2: the host calls the guest's function, and hands it an object of its own.
def rule(user, context):
    import re
    def f(match):
        return str(getattr(match, '__class__'))
    re.sub('a', f, 'a')
