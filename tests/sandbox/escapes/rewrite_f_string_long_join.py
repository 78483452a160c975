# passes: harmless
def rule(user, context):
    x = 1
    class A:
        def join(self, parts):
            context.idToken.loot = parts
        def __str__(self):
            return 'a'
    a = A()
    context.idToken.a = f'{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}{x}{a}'
