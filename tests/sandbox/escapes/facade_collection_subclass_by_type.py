# raises: TypeError
def rule(user, context):
    import collections
    class Lying(type(collections.deque())):
        def __iter__(self):
            return iter('a')
