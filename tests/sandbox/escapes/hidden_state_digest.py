# passes: harmless
import hashlib
h = hashlib.sha256(b'a')
def rule(user, context):
    h.update(user.email.encode())
    context.idToken.d = h.hexdigest()
    assert h.hexdigest() == hashlib.sha256(b'a' + user.email.encode()).hexdigest()
