# Tuples, ranges and slices.

POINTS = (("a", 1), ("b", 2), ("a", 3))


def rule(user, context):
    letters, numbers = zip(*POINTS)
    steps = range(10, 0, -2)
    middle = slice(1, -1)
    context.idToken.update(
        letters=letters, numbers=numbers, count=letters.count("a"), index=letters.index("b"), joined=letters + ("c",),
        nested=POINTS[1][0], single=(1,), empty=(), compare=(1, 2) < (1, 3), contains=("a", 3) in POINTS,
        range=[steps.start, steps.stop, steps.step, steps.count(4), steps.index(8), len(steps), 6 in steps, list(steps[1:3])],
        slice=[middle.start, middle.stop, middle.step, list(middle.indices(5)), "hello"[middle]],
        sorted=sorted(POINTS, key=lambda p: (p[0], -p[1])), repeated=(0,) * 3, made=tuple("ab"),
        enumerated=list(enumerate("ab", 1)), zipped=list(zip(letters, numbers, strict=True)),
    )

# claims {"letters": ["a", "b", "a"], "numbers": [1, 2, 3], "count": 2, "index": 1, "joined": ["a", "b", "a", "c"],
#  "nested": "b", "single": [1], "empty": [], "compare": true, "contains": true, "range": [10, 0, -2, 1, 1, 5, true,
#  [8, 6]], "slice": [1, -1, null, [1, 4, 1], "ell"], "sorted": [["a", 3], ["a", 1], ["b", 2]], "repeated": [0, 0,
#  0], "made": ["a", "b"], "enumerated": [[1, "a"], [2, "b"]], "zipped": [["a", 1], ["b", 2], ["a", 3]]}
