# Decorators with arguments, stacked.


def tagged(tag):
    def decorate(function):
        def inner(*args):
            return f"<{tag}>{function(*args)}</{tag}>"

        return inner

    return decorate


def upper(function):
    return lambda *args: function(*args).upper()


@tagged("b")
@upper
def greet(name):
    return "hello " + name


class Shapes:
    @staticmethod
    def square(x):
        return x * x

    @classmethod
    def cube(cls, x):
        return cls.square(x) * x


def rule(user, context):
    context.idToken.greeting = greet(user.email.split("@")[0])
    context.idToken.numbers = [Shapes.square(3), Shapes.cube(2), Shapes().square(4)]

# claims {"greeting": "<b>HELLO ADA</b>", "numbers": [9, 8, 16]}
