# raises: OverflowError or passes: harmless or raises: TypeError or raises: ValueError
# The constructors take the bytes of a pickle, whose day and hour nobody checks.
def rule(user, context):
    import datetime
    d = datetime.date(b'\xff\xff\x0c\xff')
    for f in (str, repr, d.strftime, lambda x: d.isoformat(), lambda x: d.ctime(), lambda x: d.timetuple()):
        try:
            f(d) if f in (str, repr) else f('%A %B %j %U')
        except (ValueError, OverflowError):
            pass
    for f in (d.weekday, d.toordinal, d.isocalendar):
        try:
            f()
        except (ValueError, OverflowError):
            pass
    t = datetime.datetime(b'\xff\xff\x8c\xff\xff\xff\xff\xff\xff\xff')
    for f in (t.isoformat, t.ctime, t.timetuple, t.utctimetuple, t.timestamp, t.astimezone, t.toordinal):
        try:
            f()
        except (ValueError, OverflowError):
            pass
    t - datetime.timedelta(days=1)
