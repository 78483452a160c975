# passes: harmless
import datetime
def rule(user, context):
    assert type(datetime.datetime(2020, 1, 1)).now().year == 2027
