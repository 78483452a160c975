# A queue with a limit, and a dict that knows its order.

from collections import OrderedDict, deque


def rule(user, context):
    last = deque(maxlen=3)
    for role in ["a", "b", "c", "d"]:
        last.append(role)
    last.appendleft("z")
    first, latest = last[0], last[-1]
    last.rotate(1)
    order = OrderedDict([("x", 1), ("y", 2), ("z", 3)])
    order.move_to_end("x")
    queue = deque([1, 2, 3])
    queue.extend([4, 5])
    queue.extendleft([0])
    popped = [queue.pop(), queue.popleft()]
    queue.remove(3)
    queue.reverse()
    context.idToken.update(
        last=list(last), ends=[first, latest], order=list(order), oldest=order.popitem(last=False), rest=order,
        queue=list(queue), popped=popped, size=[len(queue), last.maxlen], inside=2 in queue,
    )

# claims {"last": ["c", "z", "b"], "ends": ["z", "c"], "order": ["y", "z", "x"], "oldest": ["y", 2], "rest": {"z":
#  3, "x": 1}, "queue": [4, 2, 1], "popped": [5, 0], "size": [3, 3], "inside": true}
