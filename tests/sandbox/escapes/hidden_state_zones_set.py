# passes: harmless
import zoneinfo
def rule(user, context):
    zones = zoneinfo.available_timezones()
    assert 'kept' not in zones
    zones.add('kept')
