# An iterator of one's own, and a callable object.


class Countdown:
    def __init__(self, start):
        self.current = start

    def __iter__(self):
        return self

    def __next__(self):
        if self.current <= 0:
            raise StopIteration
        self.current -= 1
        return self.current + 1


class Multiplier:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, value):
        return value * self.factor


def rule(user, context):
    double = Multiplier(2)
    numbers = Countdown(user.app_metadata.level)
    context.idToken["https://example.com/countdown"] = list(map(double, numbers))
    context.idToken["https://example.com/callable"] = [callable(double), callable(numbers)]
    context.idToken["https://example.com/zip"] = [list(pair) for pair in zip(Countdown(2), Countdown(9))]

# claims {"https://example.com/countdown": [6, 4, 2], "https://example.com/callable": [true, false],
#  "https://example.com/zip": [[2, 9], [1, 8]]}
