# refused: name_not_allowed
# vm2: the host makes an object by a class that the guest has put there.
def rule(user, context):
    class A:
        def __class_getitem__(cls, item):
            return cls
        def __new__(cls):
            return user
