# refused: unknown_member
import time
def rule(user, context):
    time.perf_counter()
