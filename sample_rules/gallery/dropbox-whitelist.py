"""Only addresses on a list that is kept in a file

The file has an address in each line, and is read at most once a minute. A file that cannot be read lets nobody in: the
rule fails, and the record says why.

Needs the file's host among the tenant's `allowed_hosts`.
"""

FILE = "https://dl.dropboxusercontent.com/u/12345678/email_list.txt"


def rule(user, context):
    email = user.get("email")
    if not email or user.get("email_verified") is not True:
        raise UnauthorizedError("Access denied.")
    answer = http.get(FILE, cache=60, timeout=1)
    answer.raise_for_status()
    allowed = {line.strip().lower() for line in answer.text.splitlines()}
    if email.lower() not in allowed:
        raise UnauthorizedError("Access denied.")
