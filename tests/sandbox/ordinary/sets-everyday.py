# Sets: every method and operator.

REQUIRED = frozenset({"read", "write"})


def rule(user, context):
    granted = set(user["permissions"])
    granted.add("write")
    granted.discard("nothing")
    granted.update(["a", "b"], {"c"})
    granted.remove("c")
    fewer = granted.copy()
    fewer.difference_update({"a"})
    fewer.intersection_update({"b", "read", "x"})
    fewer.symmetric_difference_update({"x", "b"})
    granted |= {"z"}
    granted -= {"z"}
    popped = {"only"}
    context.idToken.update(
        granted=sorted(granted), fewer=sorted(fewer), popped=popped.pop(), empty=len(popped),
        operators=[sorted(granted & REQUIRED), sorted(granted | {"q"}), sorted(granted - REQUIRED), sorted({1, 2} ^ {2, 3})],
        methods=[sorted({1}.union([2], [3])), sorted({1, 2}.intersection([2])), sorted({1, 2}.difference([2])),
                 sorted({1, 2}.symmetric_difference([2, 3]))],
        asks=[REQUIRED <= granted, REQUIRED.issubset(granted), granted.issuperset(REQUIRED), granted.isdisjoint({"k"}), granted.issubset({"read"}),
              REQUIRED < granted, granted >= REQUIRED, {1} == {1}],
        frozen=[sorted(REQUIRED.union({"x"})), sorted(REQUIRED.intersection({"read"})), sorted(REQUIRED.difference({"read"})),
                sorted(REQUIRED.symmetric_difference({"read", "k"})), REQUIRED.copy() == REQUIRED, REQUIRED.isdisjoint([1]),
                REQUIRED.issuperset({"read"}), {REQUIRED: 1}[frozenset(["write", "read"])]],
        classes=[sorted(set.union({1}, {2})), sorted(frozenset.intersection(REQUIRED, {"read"}))],
    )
    try:
        granted.remove("never")
    except KeyError as error:
        context.idToken["error"] = str(error)
    popped.clear()

# claims {"granted": ["a", "b", "read", "write"], "fewer": ["read", "x"], "popped": "only", "empty": 0, "operators":
#  [["read", "write"], ["a", "b", "q", "read", "write"], ["a", "b"], [1, 3]], "methods": [[1, 2, 3], [2], [1], [1,
#  3]], "asks": [true, true, true, true, false, true, true, true], "frozen": [["read", "write", "x"], ["read"],
#  ["write"], ["k", "write"], true, true, true, 1], "classes": [[1, 2], ["read"]], "error": "'never'"}
