"""Has a page of yours confirm the person's age, once

The module `redirects` signs the way there and verifies the page's answer, with the value `SESSION_TOKEN_SECRET` of the
configuration, which the page knows as well. Nobody gets a token without an answer: not by a refresh either.
"""

import redirects

PAGE = "https://age.example.com/confirm"
CLAIM = "https://example.com/age_confirmed"
MINIMUM = 18


def rule(user, context):
    if not (user.get("app_metadata") or {}).get("age_confirmed"):
        if not redirects.returned(context, PAGE):
            redirects.send(user, context, PAGE, {"minimum": MINIMUM})
            return
        answer = redirects.answer(user, context, PAGE)
        if answer.get("confirmed") is not True or answer.get("minimum") != MINIMUM:
            raise UnauthorizedError(f"this is for people of {MINIMUM} years and more")
        auth0.users.update_app_metadata(user.user_id, {"age_confirmed": True})
    context.idToken[CLAIM] = True
