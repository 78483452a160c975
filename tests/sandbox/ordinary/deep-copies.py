# Changes copies, and leaves the original alone.

import copy


def rule(user, context):
    profile = copy.deepcopy(user["app_metadata"])
    profile["roles"].append("temporary")
    shallow = copy.copy(user["user_metadata"])
    shallow["color"] = "red"
    context["idToken"]["https://example.com/profile"] = profile
    context["idToken"]["https://example.com/roles"] = user["app_metadata"]["roles"]
    context["idToken"]["https://example.com/colors"] = [shallow["color"], user["user_metadata"]["color"]]

# claims {"https://example.com/profile": {"roles": ["admin", "staff", "temporary"], "level": 3},
#  "https://example.com/roles": ["admin", "staff"], "https://example.com/colors": ["red", "blue"]}
