# Counts roles and words with `Counter`.

from collections import Counter


def rule(user, context):
    words = "the cat and the dog and the bird".split()
    counts = Counter(words)
    counts["fish"] += 1
    counts.update(["cat", "cat"])
    other = Counter(cat=1, cow=2)
    context.idToken.update(
        top=counts.most_common(2), cat=counts["cat"], missing=counts["nothing"], total=sum(counts.values()),
        all=dict(counts), sorted=sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:3],
        more=dict(counts + other), less=dict(counts - other), both=dict(counts & other), elements=sorted(other.elements()),
        contains="cow" in counts, size=len(counts), grand=counts.total(), get=counts.get("dog", 0),
    )
    counts.subtract(["cat"])
    del counts["the"]
    context.idToken["keys"] = sorted(counts)
    context.idToken["claims"] = Counter(role[0] for role in user.app_metadata.roles)

# claims {"top": [["the", 3], ["cat", 3]], "cat": 3, "missing": 0, "total": 11, "all": {"the": 3, "cat": 3, "and":
#  2, "dog": 1, "bird": 1, "fish": 1}, "sorted": [["cat", 3], ["the", 3], ["and", 2]], "more": {"the": 3, "cat": 4,
#  "and": 2, "dog": 1, "bird": 1, "fish": 1, "cow": 2}, "less": {"the": 3, "cat": 2, "and": 2, "dog": 1, "bird": 1,
#  "fish": 1}, "both": {"cat": 1}, "elements": ["cat", "cow", "cow"], "contains": false, "size": 6, "grand": 11,
#  "get": 1, "keys": ["and", "bird", "cat", "dog", "fish"], "claims": {"a": 1, "s": 1}}
