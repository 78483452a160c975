# refused: syntax_not_allowed
# n8n CVE-2026-1470: `with` changes what a name means.
def rule(user, context):
    with {'constructor': user}:
        pass
