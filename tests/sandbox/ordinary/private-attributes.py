# A class that keeps its state in attributes with a leading underscore.


class Score:
    _limit = 50

    def __init__(self):
        self._points = 0
        self._reasons = []

    def add(self, points, reason):
        self._points += points
        self._reasons.append(reason)
        return self

    @property
    def too_high(self):
        return self._points > self._limit

    def __str__(self):
        return f"{self._points} ({', '.join(self._reasons) or 'nothing'})"


def rule(user, context):
    score = Score()
    if not user.get("email_verified"):
        score.add(20, "unverified")
    if context.stats.loginsCount < 10:
        score.add(40, "new user").add(1, "few logins")
    context.idToken["https://example.com/risk"] = [str(score), score.too_high]

# claims {"https://example.com/risk": ["61 (unverified, new user, few logins)", true]}
#
# user {"email_verified": true}
# context {"stats": {"loginsCount": 12}}
# claims {"https://example.com/risk": ["0 (nothing)", false]}
