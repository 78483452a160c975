# refused: attribute_not_allowed
# grist #2353: `_write_` left as the identity.
def rule(user, context):
    class A:
        pass
    A.__init__ = print if False else None
