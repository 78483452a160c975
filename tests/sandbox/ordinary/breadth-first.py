# All groups reachable from one, nearest first: a search with a queue.

from collections import deque

GRAPH = {"a": ["b", "c"], "b": ["d"], "c": ["d", "e"], "d": ["a"], "e": []}


def reachable(start):
    seen, queue, order = {start}, deque([(start, 0)]), []
    while queue:
        node, distance = queue.popleft()
        order.append([node, distance])
        for neighbour in GRAPH[node]:
            if neighbour not in seen:
                seen.add(neighbour)
                queue.append((neighbour, distance + 1))
    return order


def rule(user, context):
    context.idToken["https://example.com/reachable"] = reachable(user.get("group", "a"))

# claims {"https://example.com/reachable": [["a", 0], ["b", 1], ["c", 1], ["d", 2], ["e", 2]]}
#
# user {"group": "e"}
# claims {"https://example.com/reachable": [["e", 0]]}
