# Adds up a risk score and asks for a second factor, or refuses, beyond two limits.

WEIGHTS = {"new_device": 30, "new_country": 40, "bad_ip": 50, "night": 10}
STEP_UP, REFUSE = 40, 100


def rule(user, context):
    signals = context.get("signals", [])
    score = sum(WEIGHTS.get(signal, 0) for signal in set(signals))
    if score >= REFUSE:
        raise UnauthorizedError("This login was blocked for your safety")
    if score >= STEP_UP:
        context["multifactor"] = {"provider": "any", "allowRememberBrowser": False}
    context["idToken"]["https://example.com/risk"] = score

# context {"signals": ["night", "night", "other"]}
# claims {"https://example.com/risk": 10}
#
# context {"signals": ["new_device", "night"]}
# claims {"https://example.com/risk": 40}
# multifactor {"provider": "any", "allowRememberBrowser": false}
#
# context {"signals": ["new_country", "bad_ip", "night"]}
# denied "This login was blocked for your safety"
