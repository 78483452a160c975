# Ported from Auth0: sends the browser to a form, and takes its answer when it comes back.

from urllib.parse import urlencode


def rule(user, context, callback):
    if context.get("protocol") == "redirect-callback":
        answer = context.request.query.get("color")
        auth0.users.update_user_metadata(user.user_id, {"color": answer})
        context.idToken["https://example.com/color"] = answer
        return callback(None, user, context)
    if not user.user_metadata.get("color"):
        query = urlencode({"client": context.clientID, "email": user.email})
        context.redirect = {"url": "https://forms.example.com/?" + query}
    callback(None, user, context)

# user {"user_metadata": {}}
# redirect {"url": "https://forms.example.com/?client=client&email=ada%40example.com"}
#
# context {"protocol": "redirect-callback", "request": {"query": {"color": "red"}}}
# claims {"https://example.com/color": "red"}
# user_metadata {"color": "red"}
#
# claims {}
