# Says exactly what is wrong with a token, for every kind of wrong.

import jwt

KEY = "a secret of 32 characters at least"
TIME = 1_800_000_000


def token(claims, key=KEY, **options):
    return jwt.encode(claims, key, **options)


def problem(text, **options):
    options.setdefault("algorithms", ["HS256", "HS512"])
    try:
        return jwt.decode(text, KEY, **options)
    except jwt.ExpiredSignatureError:
        return "expired"
    except jwt.ImmatureSignatureError:
        return "not yet"
    except jwt.InvalidIssuedAtError:
        return "issued at no time"
    except jwt.InvalidAudienceError:
        return "for somebody else"
    except jwt.InvalidIssuerError:
        return "from somebody else"
    except jwt.MissingRequiredClaimError:
        return "without an end"
    except jwt.InvalidAlgorithmError:
        return "another algorithm"
    except jwt.InvalidSignatureError:
        return "another key"
    except jwt.DecodeError:
        return "no token"
    except (jwt.InvalidTokenError, jwt.InvalidKeyError, jwt.PyJWTError) as error:
        return str(error)


def rule(user, context):
    context.idToken["problems"] = [
        problem(token({"exp": 1})),
        problem(token({"nbf": 2**33})),
        problem(token({"aud": "me"}), audience="you"),
        problem(token({"iss": "me"}), issuer="you"),
        problem(token({}), options={"require": ["exp"]}),
        problem(token({}, algorithm="HS384")),
        problem(token({}, "another secret of 32 characters and more, for longer algorithms")),
        problem("nothing"),
        problem(token({"role": "admin"}, algorithm="HS512" if len(KEY) > 63 else "HS256", headers={"kid": "1"})),
    ]

# claims {"problems": ["expired", "not yet", "for somebody else", "from somebody else", "without an end", "another
#  algorithm", "another key", "no token", {"role": "admin"}]}
