# passes: harmless
import random, uuid, secrets
def rule(user, context):
    values = [random.random(), random.random(), uuid.uuid4(), uuid.uuid4(), secrets.token_hex(), secrets.token_hex()]
    assert len(set(values)) == 6
