# Objects of a class have the text that a class above theirs gives them.


class Finding:
    level = "info"

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return f"{self.__class__.__name__}({self.text!r})"

    def __str__(self):
        return f"[{self.level}] {self.text}"


class Warning_(Finding):
    level = "warning"


class Alarm(Warning_):
    level = "alarm"

    def __str__(self):
        return super().__str__().upper()


def rule(user, context):
    findings = [Finding("a"), Warning_("b"), Alarm("c")]
    context.idToken["https://example.com/findings"] = [str(finding) for finding in findings]
    context.idToken["https://example.com/repr"] = repr(findings)
    context.idToken["https://example.com/format"] = f"{findings[1]} {findings[1]!r}"

# claims {"https://example.com/findings": ["[info] a", "[warning] b", "[ALARM] C"], "https://example.com/repr":
#  "[Finding('a'), Warning_('b'), Alarm('c')]", "https://example.com/format": "[warning] b Warning_('b')"}
