# raises: E: ok
def rule(user, context):
    class A:
        def __len__(self):
            return 1
        def __getitem__(self, index):
            return self
        def __repr__(self):
            return 'ok'
    class E(KeyError):
        args = A()
    raise E()
