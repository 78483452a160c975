# A list that somebody pasted as comma separated lines.

CSV = """app, role ,until
crm,admin,2027-12-31
wiki, reader,
"""


def parse(text):
    rows = [[cell.strip() for cell in line.split(",")] for line in text.splitlines() if line.strip()]
    header, *body = rows
    return [dict(zip(header, row)) for row in body]


def rule(user, context):
    entries = parse(user.get("user_metadata", {}).get("csv", CSV))
    context.idToken["https://example.com/apps"] = {e["app"]: e["role"] for e in entries if e["until"] > "2027" or not e["until"]}
    context.idToken["https://example.com/fields"] = list(entries[0]) if entries else []

# claims {"https://example.com/apps": {"crm": "admin", "wiki": "reader"}, "https://example.com/fields": ["app",
#  "role", "until"]}
#
# user {"user_metadata": {"csv": "app,role,until\nold,x,2020-01-01"}}
# claims {"https://example.com/apps": {}, "https://example.com/fields": ["app", "role", "until"]}
