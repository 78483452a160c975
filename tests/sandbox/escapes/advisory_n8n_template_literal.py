# refused: attribute_not_allowed
# n8n CVE-2025-68613 and its incomplete fix: code inside a template that the filter did not look into.
def rule(user, context):
    context.idToken.loot = f"{'{'}{().__class__.__base__.__subclasses__()}"
