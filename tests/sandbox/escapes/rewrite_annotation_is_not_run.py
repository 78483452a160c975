# passes: harmless
def rule(user, context):
    x: open('CANARY_FILE') = 1
    def f(a: open('CANARY_FILE').read(), *b: print(1 / 0)) -> (loot := open('CANARY_FILE')):
        y: __builtins__
        return a
    user.x: ().__class__.__mro__ = f(x)
