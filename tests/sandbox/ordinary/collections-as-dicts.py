# What counters, default dicts and queues have in common with dicts and lists.

from collections import Counter, OrderedDict, defaultdict, deque


def rule(user, context):
    result = {}
    for name, made in (("counter", Counter("aab")), ("ordered", OrderedDict(a=1, b=2)), ("default", defaultdict(int, a=1, b=2))):
        copied = made.copy()
        copied.update(c=3)
        copied.setdefault("d", 4)
        popped = copied.pop("a")
        last = list(copied.popitem())
        result[name] = [list(copied.keys()), list(copied.values()), [list(i) for i in copied.items()], copied.get("z", 0), popped, last,
                        made == copied, "b" in made, sorted(made), len(made), made["b"]]
        made.clear()
        result[name].append(dict(made))
    queue = deque([1, 2, 3, 2])
    other = queue.copy()
    queue.insert(1, 9)
    queue[0] = 7
    del queue[-1]
    result["queue"] = [list(queue), queue.count(2), queue.index(9), list(other)]
    other.clear()
    result["empty"] = [len(other), bool(other)]
    tally = Counter(a=1)
    tally["b"] += 2
    result["tally"] = tally
    context.idToken.update(result)

# claims {"counter": [["b", "c"], [1, 3], [["b", 1], ["c", 3]], 0, 2, ["d", 4], false, true, ["a", "b"], 2, 1, {}],
#  "ordered": [["b", "c"], [2, 3], [["b", 2], ["c", 3]], 0, 1, ["d", 4], false, true, ["a", "b"], 2, 2, {}],
#  "default": [["b", "c"], [2, 3], [["b", 2], ["c", 3]], 0, 1, ["d", 4], false, true, ["a", "b"], 2, 2, {}], "queue":
#  [[7, 9, 2, 3], 1, 1, [1, 2, 3, 2]], "empty": [0, false], "tally": {"a": 1, "b": 2}}
