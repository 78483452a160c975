# passes: harmless
def rule(user, context):
    x: print('annotation ran') = 1
    def f(a: print('annotation ran')) -> print('annotation ran'):
        pass
