"""A page of yours in the middle of a login: there with a signed token, back with a signed answer

    import redirects

    if redirects.returned(context, PAGE):
        answer = redirects.answer(user, context, PAGE)  # the claims that the page has signed
    else:
        redirects.send(user, context, PAGE, {"minimum": 18})

The way there: `session_token` in the address has the claims sub (the user's id), iss (the issuer's `https://hostname/`),
aud (the page), iat, exp, jti and yours. It is signed by HS256 with the value `SESSION_TOKEN_SECRET` of the
configuration, and not encrypted: whoever has the address can read it. `state`, which the issuer adds, names the login.

The way back: the page checks that token, and sends the browser to the issuer's `/continue` with `state` and a
`session_token` of its own, best by POST, signed with the same secret: iss and aud the other way round, sub and jti as
they were, `state`, iat, exp and what it has to say.

Every failure denies, by `UnauthorizedError` with a text for the person; a rule that is skipped when it fails does not
let anybody through by it. Why is in the record of the execution.
"""

import secrets
import time
from urllib.parse import urlencode

import jwt

CONFIGURED = "SESSION_TOKEN_SECRET"  # in the configuration
PARAMETER = "session_token"
LIFE = 900  # seconds, for the way there
LEEWAY = 30  # seconds that the clocks of the page and of this service may be apart
SHORTEST = 32  # characters of a secret: as many as the hash has bytes (RFC 7518, 3.2)

BACK = "redirect-callback"
# Flows without a browser to send anywhere.
NO_BROWSER = {"oauth2-password", "oauth2-refresh-token", "oauth2-resource-owner", "oauth2-resource-owner-jwt-bearer"}
UNUSABLE = "this login is not set up: tell its operator"
OURS = {"iss", "aud", "sub", "iat", "exp", "nbf", "jti", "state"}


def possible(context):
    """Whether a page can be shown now: there is a browser, the application did not ask for `prompt=none`, and neither
    was a page shown in this login nor has an earlier rule asked for one."""
    protocol = context.get("protocol")
    return protocol != BACK and protocol not in NO_BROWSER and not silent(context) and not context.get("redirect")


def send(user, context, page, claims=None, life=LIFE, secret=CONFIGURED):
    """Sends the login to the page, with a signed token for `life` seconds; `claims` are yours in it.

    Nobody gets around the page: where there is no browser, or `prompt=none`, the login is denied with
    `interaction_required`, as with any `context.redirect`. Where an earlier rule has asked for a page already, that one
    is shown, and on the way back from it this denies, since there is one page a login: at the next it is shown.
    """
    if context.get("protocol") == BACK:
        refuse("log in again: one more page has to be shown", f"{page}: one page a login, and there was another")
    if context.get("redirect"):
        return
    claims = claims or {}
    taken = sorted(OURS.intersection(claims))
    if taken:
        refuse(UNUSABLE, f"{page}: not yours to set: {', '.join(taken)}")
    now = int(time.time())
    token = {
        **claims,
        "sub": subject(user),
        "iss": issuer(context),
        "aud": page,
        "iat": now,
        "exp": now + life,
        "jti": secrets.token_urlsafe(16),
    }
    try:
        signed = jwt.encode(token, key(secret), algorithm="HS256")
    except (TypeError, jwt.PyJWTError) as error:
        refuse(UNUSABLE, f"{page}: {error}")
    context.redirect = {"url": page + ("&" if "?" in page else "?") + urlencode({PARAMETER: signed})}


def returned(context, page):
    """Whether the person is back from this page, by what the answer says of itself: `answer` verifies it. Back without
    anything to read is back from any page, and `answer` denies it."""
    if context.get("protocol") != BACK:
        return False
    try:
        seen = jwt.decode(brought(context), options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return True
    return seen.get("iss") in (page, issuer(context))


def answer(user, context, page, secret=CONFIGURED):
    """The claims of the page's answer.

    It was signed with the secret, by the page and for this issuer; it is about this user and this login (`state`), and
    has not expired. The token of the way there, brought back as it was, is none: its iss and aud are the other way
    round, and it has no `state`. Whatever else comes back denies.
    """
    text = "the page's answer is not valid: log in again"
    if context.get("protocol") != BACK:
        refuse(text, f"{page}: nobody is back from it in this login")
    token = brought(context)
    if not token:
        refuse("the page gave no answer: log in again", f"{page}: no `{PARAMETER}` came back")
    try:
        claims = jwt.decode(
            token,
            key(secret),
            algorithms=["HS256"],
            issuer=page,
            audience=issuer(context),
            leeway=LEEWAY,
            options={"require": ["iat", "exp", "sub", "state"]},
        )
    except jwt.ExpiredSignatureError:
        refuse("that took too long: log in again", f"{page}: the answer has expired")
    except jwt.PyJWTError as error:
        refuse(text, f"{page}: {error}")
    if claims["sub"] != subject(user):
        refuse(text, f"{page}: the answer is about another user")
    if claims["state"] != state(context):
        refuse(text, f"{page}: the answer is for another login (`state`)")
    return claims


def silent(context):
    """`prompt` is a list of words (OpenID Connect Core, 3.1.2.1)."""
    prompt = sent(context, "query").get("prompt") or ""
    return "none" in (prompt.split() if isinstance(prompt, str) else prompt if isinstance(prompt, list) else [])


def sent(context, part):
    """`query` or `body` of the request."""
    found = (context.get("request") or {}).get(part)
    return found if isinstance(found, dict) else {}


def brought(context):
    """The token that came back, or an empty text."""
    token = sent(context, "body").get(PARAMETER) or sent(context, "query").get(PARAMETER)
    return token if isinstance(token, str) else ""


def state(context):
    """The state by which the issuer has found this login. Two that differ are none: which one it took is not known."""
    states = {str(sent(context, part)["state"]) for part in ("query", "body") if sent(context, part).get("state")}
    return states.pop() if len(states) == 1 else None


def issuer(context):
    """Who sends the login to the page, as the page sees it."""
    return f"https://{(context.get('request') or {}).get('hostname') or 'claimsmith'}/"


def subject(user):
    found = user.get("user_id")
    if not isinstance(found, str) or not found:
        refuse(UNUSABLE, "the user has no `user_id`, which a page would be told")
    return found


def key(secret):
    value = configuration.get(secret) or ""
    if len(value) < SHORTEST:
        refuse(UNUSABLE, f"the configuration needs `{secret}`, with {SHORTEST} characters or more")
    return value


def refuse(text, why):
    """`text` is for the person, `why` for the record."""
    print("redirects:", why)
    raise UnauthorizedError(text)
