# The pieces of `itertools` that rules use.

import itertools
from itertools import chain, groupby, islice


def rule(user, context):
    names = sorted(["bob", "al", "eve", "jo"], key=len)
    lists = [[1, 2], [3], []]
    context.idToken.update(
        flat=[list(chain(*lists)), list(chain.from_iterable(lists))],
        groups={str(size): list(group) for size, group in groupby(names, key=len)},
        first=list(islice(itertools.count(10, 5), 3)),
        pairs=list(itertools.pairwise("abcd")),
        sums=list(itertools.accumulate([1, 2, 3, 4])),
        products=list(itertools.product("ab", [0, 1])),
        twos=["".join(p) for p in itertools.permutations("abc", 2)],
        sets=["".join(c) for c in itertools.combinations("abc", 2)],
        repeats=["".join(c) for c in itertools.combinations_with_replacement("ab", 2)],
        longest=list(itertools.zip_longest([1, 2, 3], "a", fillvalue="-")),
        take=list(itertools.takewhile(lambda n: n < 3, [1, 2, 3, 1])),
        drop=list(itertools.dropwhile(lambda n: n < 3, [1, 2, 3, 1])),
        kept=list(itertools.compress("abc", [1, 0, 1])),
        odd=list(itertools.filterfalse(lambda n: n % 2 == 0, range(5))),
        cycle=list(islice(itertools.cycle("xy"), 5)),
        again=list(itertools.repeat("z", 3)),
        powers=list(itertools.starmap(pow, [(2, 3), (3, 2)])),
        tee=[list(copy) for copy in itertools.tee([1, 2])],
    )

# claims {"flat": [[1, 2, 3], [1, 2, 3]], "groups": {"2": ["al", "jo"], "3": ["bob", "eve"]}, "first": [10, 15, 20],
#  "pairs": [["a", "b"], ["b", "c"], ["c", "d"]], "sums": [1, 3, 6, 10], "products": [["a", 0], ["a", 1], ["b", 0],
#  ["b", 1]], "twos": ["ab", "ac", "ba", "bc", "ca", "cb"], "sets": ["ab", "ac", "bc"], "repeats": ["aa", "ab",
#  "bb"], "longest": [[1, "a"], [2, "-"], [3, "-"]], "take": [1, 2], "drop": [3, 1], "kept": ["a", "c"], "odd": [1,
#  3], "cycle": ["x", "y", "x", "y", "x"], "again": ["z", "z", "z"], "powers": [8, 9], "tee": [[1, 2], [1, 2]]}
