# passes: harmless
import datetime, time
def rule(user, context):
    a = (time.time_ns(), datetime.datetime.now(), time.time(), time.gmtime(), time.strftime('%c'))
    for i in range(20_000):
        pass
    b = (time.time_ns(), datetime.datetime.now(), time.time(), time.gmtime(), time.strftime('%c'))
    assert a == b
