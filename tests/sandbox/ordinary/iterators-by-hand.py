# `iter` and `next`, with and without an end, and the lazy builtins.


def rule(user, context):
    numbers = iter([1, 2, 3])
    first = next(numbers)
    rest = list(numbers)
    source = iter("abc.def")
    until = "".join(iter(lambda: next(source), "."))
    lazy = (n * n for n in range(5))
    context.idToken.update(
        first=first, rest=rest, end=next(numbers, "end"), until=until, after="".join(source),
        found=next((n for n in lazy if n > 3), None), more=list(lazy),
        mapped=[list(map(lambda a, b: a * b, [1, 2, 3], [4, 5])), list(map(len, ["a", "bb"])), list(map(str, (1, 2)))],
        filtered=[list(filter(None, [0, 1, "", "x"])), list(filter(lambda s: s.startswith("a"), ["ab", "b"]))],
        reversed=[list(reversed("abc")), list(reversed(range(3)))],
        every=[all([]), any([]), all(n > 0 for n in rest), any(n > 2 for n in rest)],
        sums=[sum(n for n in rest), sum([[1], [2]], []), max(rest, key=lambda n: -n), min("b", "a")],
    )
    lost = iter([])
    try:
        next(lost)
    except StopIteration:
        context.idToken["stopped"] = True

# claims {"first": 1, "rest": [2, 3], "end": "end", "until": "abc", "after": "def", "found": 4, "more": [9, 16],
#  "mapped": [[4, 10], [1, 2], ["1", "2"]], "filtered": [[1, "x"], ["ab"]], "reversed": [["c", "b", "a"], [2, 1, 0]],
#  "every": [true, false, true, true], "sums": [5, [1, 2], 2, "a"], "stopped": true}
