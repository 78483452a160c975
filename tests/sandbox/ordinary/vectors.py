# A class of vectors with all the operators that it may have.


class Vector:
    def __init__(self, *parts):
        self.parts = list(parts)

    def __add__(self, other):
        return Vector(*(a + b for a, b in zip(self.parts, other.parts)))

    def __iadd__(self, other):
        self.parts = [a + b for a, b in zip(self.parts, other.parts)]
        return self

    def __isub__(self, other):
        self.parts = [a - b for a, b in zip(self.parts, other.parts)]
        return self

    def __rsub__(self, number):
        return Vector(*(number - part for part in self.parts))

    def __rmul__(self, number):
        return Vector(*(number * part for part in self.parts))

    def __pow__(self, power):
        return Vector(*(part**power for part in self.parts))

    def __abs__(self):
        return sum(part * part for part in self.parts) ** 0.5

    def __reversed__(self):
        return reversed(self.parts)

    def __str__(self):
        return ",".join(map(str, self.parts))


def rule(user, context):
    a, b = Vector(3, 4), Vector(1, 1)
    same = a
    a += b
    a -= Vector(0, 2)
    context.idToken.update(
        sum=str(a + b), same=same is a, now=str(a), less=str(10 - a), twice=str(2 * a), square=str(a**2),
        length=abs(Vector(3, 4)), back=list(reversed(a)),
    )

# claims {"sum": "5,4", "same": true, "now": "4,3", "less": "6,7", "twice": "8,6", "square": "16,9", "length": 5.0,
#  "back": [3, 4]}
