# Did the person mistype the domain? Suggests the nearest known one.

KNOWN = ["gmail.com", "outlook.com", "example.com"]


def distance(a, b):
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (x != y)))
        previous = current
    return previous[-1]


def rule(user, context):
    domain = user["email"].rpartition("@")[2]
    best = min(KNOWN, key=lambda known: distance(domain, known))
    if 0 < distance(domain, best) <= 2:
        context.idToken["https://example.com/did_you_mean"] = best

# user {"email": "ada@gmial.com"}
# claims {"https://example.com/did_you_mean": "gmail.com"}
#
# user {"email": "ada@exmple.com"}
# claims {"https://example.com/did_you_mean": "example.com"}
#
# claims {}
