# passes: harmless
import copy


def rule(user, context):
    context.idToken.a = copy.deepcopy(http.get('https://h/')).status_code
