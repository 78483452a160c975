# passes: harmless
import datetime, time
def rule(user, context):
    assert time.strftime('%s').strip() in ('1800000000', '%s')
    assert datetime.datetime(1970, 1, 2).strftime('%s').strip() in ('86400', '%s')
