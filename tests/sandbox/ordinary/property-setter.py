# A property with a setter that checks what it is given.


class Profile:
    def __init__(self, name, age):
        self.name = name
        self.age = age

    @property
    def age(self):
        return self._age

    @age.setter
    def age(self, value):
        if not 0 <= value < 150:
            raise ValueError(f"nobody is {value} years old")
        self._age = value


def rule(user, context):
    try:
        profile = Profile(user["email"], user["user_metadata"].get("age", 30))
        profile.age += 1
    except ValueError as e:
        raise UnauthorizedError(str(e))
    context.idToken["https://example.com/age"] = profile.age

# claims {"https://example.com/age": 31}
#
# user {"user_metadata": {"age": 200}}
# denied "nobody is 200 years old"
