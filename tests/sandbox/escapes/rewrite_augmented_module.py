# raises: TypeError
import json
def rule(user, context):
    class Text:
        def __radd__(self, other):
            return lambda *a: 'loot'
    json.dumps += Text()
