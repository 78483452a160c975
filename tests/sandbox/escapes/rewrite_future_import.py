# passes: harmless
from __future__ import annotations, generator_stop
def rule(user, context):
    context.idToken.a = 1
