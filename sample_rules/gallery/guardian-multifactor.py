"""A second factor at every login, by Guardian

Unlike Auth0's it does not ask at a refresh, where nobody is there to answer.
"""


def rule(user, context):
    if context.get("protocol") != "oauth2-refresh-token":
        context.multifactor = {"provider": "guardian", "allowRememberBrowser": False}
