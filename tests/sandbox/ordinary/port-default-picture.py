# Ported from Auth0: people without a picture get one with their initials.

from urllib.parse import quote_plus


def rule(user, context):
    if user.get("picture"):
        return
    words = (user.get("name") or user["email"].split("@")[0].replace(".", " ")).split()
    initials = "".join(word[0].upper() for word in words[:2])
    user["picture"] = f"https://cdn.example.com/avatars/{quote_plus(initials)}.png"
    context["idToken"]["picture_url"] = user["picture"]

# claims {"picture_url": "https://cdn.example.com/avatars/A.png"}
#
# user {"name": "Zoë de Åkerman"}
# claims {"picture_url": "https://cdn.example.com/avatars/ZD.png"}
#
# user {"picture": "https://x.example/p.png"}
# claims {}
