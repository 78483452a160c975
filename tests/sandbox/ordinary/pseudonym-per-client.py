# Every application knows the person under a name of its own.

import base64
import hashlib
import hmac

PEPPER = b"kept by the issuer"


def pseudonym(user_id: str, client_id: str) -> str:
    mac = hmac.new(PEPPER, msg=f"{client_id}\0{user_id}".encode(), digestmod=hashlib.sha256)
    return base64.urlsafe_b64encode(mac.digest()[:15]).decode("ascii")


def rule(user, context):
    context.idToken["https://example.com/ppid"] = pseudonym(user.user_id, context.clientID)

# claims {"https://example.com/ppid": "axNe8KCaeGpJODOdg23d"}
#
# context {"clientID": "other"}
# claims {"https://example.com/ppid": "qUmbRsFbvpRmXExPAYCt"}
