# stops: timed_out
def rule(user, context):
    import re
    i = 0
    while True:
        i += 1
        re.compile('a' * 100 + str(i))
