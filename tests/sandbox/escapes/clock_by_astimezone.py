# passes: harmless
import datetime
def rule(user, context):
    d = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    assert d.astimezone().utcoffset() == datetime.timedelta(0)
    assert datetime.datetime(2020, 7, 1).astimezone().tzname() == 'UTC'
