# passes: harmless
import datetime, time
def rule(user, context):
    for year in (datetime.datetime.now().year, datetime.date.today().year, datetime.datetime.utcnow().year,
                 time.localtime().tm_year, int(time.strftime('%Y')), datetime.datetime.now(datetime.UTC).year,
                 datetime.datetime.today().year, int(datetime.datetime.now().strftime('%Y'))):
        assert year == 2027, year
