# refused: attribute_not_allowed
def rule(user, context):
    import functools
    def f():
        pass
    functools.wraps(user)(f).__wrapped__ if False else getattr(functools, 'update_wrapper')
