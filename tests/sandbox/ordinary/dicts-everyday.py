# Dicts: every method, and what they have in common with sets.


def rule(user, context):
    settings = {"theme": "dark", "size": 12}
    settings.update({"lang": "en"}, size=14)
    settings["bold"] = True
    settings.setdefault("tags", []).append("new")
    settings.setdefault("theme", "light")
    bold = settings.pop("bold")
    missing = settings.pop("nothing", None)
    last = settings.popitem()
    del settings["lang"]
    copied = settings.copy()
    copied |= {"size": 16}
    merged = {"a": 1} | {"b": 2, "a": 3}
    other = dict(settings, extra=None)
    emptied = {"x": 1}
    emptied.clear()
    made = [dict.fromkeys("ab", 0), dict([("k", "v")]), dict(zip("xy", (1, 2))), dict(a=1)]
    for key in list(other):
        if other[key] is None:
            del other[key]
    context.idToken.update(
        settings=settings, bold=bold, missing=missing, last=last, copied=copied, merged=merged, other=other, emptied=emptied,
        made=made, reads=[settings.get("nope"), settings.get("nope", 5), "size" in settings, len(settings)],
        views=[list(settings), list(settings.keys()), list(settings.values()), [list(i) for i in settings.items()]],
        sets=[sorted(merged.keys() & {"a"}), sorted(merged.keys() - {"a"}), merged.items() == {"b": 2, "a": 3}.items()],
        order=[list(reversed({"x": 1, "y": 2})), sorted({"b": 1, "a": 2}.items(), key=lambda kv: kv[1])],
        classes=[list(dict.keys(merged)), list(dict.values(merged)), len(dict.items(merged)), dict.get(merged, "b")],
    )

# claims {"settings": {"theme": "dark", "size": 14}, "bold": true, "missing": null, "last": ["tags", ["new"]],
#  "copied": {"theme": "dark", "size": 16}, "merged": {"a": 3, "b": 2}, "other": {"theme": "dark", "size": 14},
#  "emptied": {}, "made": [{"a": 0, "b": 0}, {"k": "v"}, {"x": 1, "y": 2}, {"a": 1}], "reads": [null, 5, true, 2],
#  "views": [["theme", "size"], ["theme", "size"], ["dark", 14], [["theme", "dark"], ["size", 14]]], "sets": [["a"],
#  ["b"], true], "order": [["y", "x"], [["b", 1], ["a", 2]]], "classes": [["a", "b"], [3, 2], 2, 2]}
