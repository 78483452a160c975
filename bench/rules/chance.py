"""Draws by chance and looks at the clock: what a replay has to give back exactly."""

import secrets
import time


def rule(user, context):
    context.idToken["https://example.com/drawn"] = [secrets.token_hex(8), time.time()]
    user.seen = secrets.choice(["a", "b", "c"])
