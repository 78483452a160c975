# refused: name_not_allowed
def rule(user, context):
    class A:
        import json as __getattr__
