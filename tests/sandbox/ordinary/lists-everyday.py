# Lists: every method, and slices on both sides.


def rule(user, context):
    items = [3, 1, 2]
    items.append(5)
    items.extend([4, 4])
    items.insert(0, 9)
    items.remove(9)
    last = items.pop()
    first = items.pop(0)
    items.sort()
    copied = items.copy()
    copied.reverse()
    sliced = copied[1:3]
    copied[1:3] = ["a", "b", "c"]
    copied[-1] += 10
    del copied[0]
    cleared = [1]
    cleared.clear()
    table = [[0] * 2 for _ in range(2)]
    table[1][0] += 7
    table[0] = table[0] + [1] * 2
    words = sorted(["b", "C", "a"], key=str.lower, reverse=True)
    words.sort(key=lambda w: (w.isupper(), w))
    context.idToken.update(
        items=items, last=last, first=first, sliced=sliced, copied=copied, cleared=cleared, table=table, words=words,
        asks=[items.index(4), items.count(4), 4 in items, len(items), items == [1, 2, 4, 5], [1, 2] < [1, 3]],
        cuts=[items[-2:], items[:-1], items[::2], items[::-1], items[5:], items[slice(1, 3)]],
        changes=[list(reversed(items)), items * 2, items + [0], list("abc"), list(range(3))],
        classes=[list.index([1, 2], 2), list.count([1, 1], 1)],
    )

# claims {"items": [1, 2, 4, 5], "last": 4, "first": 3, "sliced": [4, 2], "copied": ["a", "b", "c", 11], "cleared":
#  [], "table": [[0, 0, 1, 1], [7, 0]], "words": ["a", "b", "C"], "asks": [2, 1, true, 4, true, true], "cuts": [[4,
#  5], [1, 2, 4], [1, 4], [5, 4, 2, 1], [], [2, 4]], "changes": [[5, 4, 2, 1], [1, 2, 4, 5, 1, 2, 4, 5], [1, 2, 4, 5,
#  0], ["a", "b", "c"], [0, 1, 2]], "classes": [1, 2]}
