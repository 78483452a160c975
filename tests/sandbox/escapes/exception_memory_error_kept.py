# raises: AssertionError
# The interpreter keeps MemoryError objects for reuse: none brings an earlier login's text.
def rule(user, context):
    try:
        bytes(10 ** 11)
    except MemoryError as e:
        assert e.args, 'nothing'
