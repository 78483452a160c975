# Gives out seats of a plan in the order of the sign-ups.

from operator import itemgetter

MEMBERS = [("cleo", "2026-03-01"), ("ada", "2026-01-05"), ("bob", "2026-02-11")]


def rule(user, context):
    name = user["email"].split("@")[0]
    seats = user.get("app_metadata", {}).get("seats", 2)
    ordered = [member for member, _ in sorted(MEMBERS, key=itemgetter(1))]
    if name not in ordered[:seats]:
        position = ordered.index(name) + 1 if name in ordered else None
        raise UnauthorizedError(f"no seat for number {position}" if position else "you are not a member")
    context["idToken"]["https://example.com/seat"] = ordered.index(name) + 1

# claims {"https://example.com/seat": 1}
#
# user {"email": "cleo@example.com"}
# denied "no seat for number 3"
#
# user {"email": "zoe@example.com"}
# denied "you are not a member"
