# passes: harmless
# Methods of classes that change nothing: what changes a dict or list is recorded, and is not among them.
def rule(user, context):
    found = []
    for kind in (dict, list):
        for name in ('update', 'setdefault', 'pop', 'popitem', 'clear', 'append', 'extend', 'insert', 'remove', 'sort',
                     'reverse', '__setitem__', '__delitem__', '__ior__', '__iadd__', '__imul__', '__init__'):
            if hasattr(kind, name):
                found.append(name)
    assert not found, found
