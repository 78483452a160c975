# raises: ZeroDivisionError
# The values on the line that failed are shown to the author: by type, not by their own methods.
def rule(user, context):
    class A:
        def __repr__(self):
            while True:
                pass
        def __str__(self):
            while True:
                pass
        def __len__(self):
            while True:
                pass
        def __iter__(self):
            while True:
                pass
        def __getitem__(self, key):
            while True:
                pass
        def __bool__(self):
            while True:
                pass
        def __eq__(self, other):
            while True:
                pass
        def __hash__(self):
            return 1
    a = A()
    d = {'k': a}
    s = {a}
    x = [a, d, s, 1 / 0]
