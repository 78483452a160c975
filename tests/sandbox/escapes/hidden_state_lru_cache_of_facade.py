# passes: harmless
import functools, datetime
now = functools.lru_cache(datetime.datetime.fromisoformat)
def rule(user, context):
    now('2027-01-01')
    assert not hasattr(now, 'cache_info')
