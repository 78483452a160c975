# Functions made by functions: one keeps a count, one remembers its settings.


def make_counter(start=0):
    count = start

    def step(by=1):
        nonlocal count
        count += by
        return count

    return step


def make_filter(*prefixes, invert=False):
    return lambda name: name.startswith(prefixes) is not invert


CALLS = 0


def counted(function):
    def wrapper(*args, **kwargs):
        global CALLS
        CALLS += 1
        return function(*args, **kwargs)

    return wrapper


@counted
def shorten(text, length=5, *, dots="..."):
    return text if len(text) <= length else text[:length] + dots


def rule(user, context):
    number = make_counter(10)
    public = make_filter("public:", "read:")
    private = make_filter("public:", "read:", invert=True)
    names = ["public:a", "secret", "read:b"]
    context.idToken.update(
        public=[f"{number()}-{name}" for name in names if public(name)],
        private=[f"{number(by=5)}-{name}" for name in names if private(name)],
        short=[shorten("abcdefgh"), shorten("abc"), shorten("abcdef", 3, dots="")],
        calls=CALLS,
    )

# claims {"public": ["11-public:a", "12-read:b"], "private": ["17-secret"], "short": ["abcde...", "abc", "abc"],
#  "calls": 3}
