# refused: import_not_allowed
def rule(user, context):
    import heapq, bisect
    heapq.heappush(user.permissions, 'root')
