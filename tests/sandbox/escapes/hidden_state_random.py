# passes: harmless
import random, secrets, uuid
def rule(user, context):
    context.idToken.r = [random.random(), secrets.token_hex(4), str(uuid.uuid4()), random.gauss(0, 1)]
