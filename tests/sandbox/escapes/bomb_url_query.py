# raises: ValueError or stops: timed_out or passes: harmless
def rule(user, context):
    import urllib.parse
    urllib.parse.parse_qs('a&' * 10 ** 6, keep_blank_values=True)
