# passes: harmless
import json
def rule(user, context):
    @print
    @json.loads
    @lambda f: '1'
    def f():
        pass
