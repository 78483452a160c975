# passes: harmless
import collections
kept = collections.defaultdict(list)
def rule(user, context):
    kept['a'].append(user.email)
    assert kept['a'] == [user.email]
