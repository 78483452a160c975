# Asks another service who somebody is, and keeps for a while what it says.

DIRECTORY = "https://directory.example.com/people"


def person(user):
    known = cache.get(f"person {user.user_id}")
    if known is not None:
        return known
    headers = {"Authorization": "Bearer " + configuration.KEY}
    answer = http.get(DIRECTORY, params={"email": user.email}, headers=headers, timeout=1)
    answer.raise_for_status()
    found = answer.json()
    cache.set(f"person {user.user_id}", found, ttl=600)
    return found


def rule(user, context):
    first, second = person(user), person(user)
    context.idToken["same"] = first == second
    context.idToken["url"] = first["url"]
    answer = http.post("https://h/missing", params={"key": "k"}, json={"a": 1})
    try:
        answer.raise_for_status()
    except http.HTTPError as error:
        context.idToken["error"] = str(error)
    except http.Error:
        context.idToken["error"] = "another"
    context.idToken["answer"] = [answer.status_code, answer.ok, answer.url, len(answer.content), answer.text]
    kinds = answer.headers
    context.idToken["headers"] = [kinds["Content-Type"], kinds.get("X-METHOD"), kinds.get("x-none"), "x-method" in kinds]
    context.idToken["listed"] = [sorted(kinds.keys()), sorted(kinds.values()), len(kinds.items())]
    context.idToken["names"] = [name for name in configuration.keys() if name in configuration]
    context.idToken["secret"] = [configuration["SECRET"], configuration.get("NONE"), configuration.get("KEY", "x")]
    cache.delete(f"person {user.user_id}")
    context.idToken["gone"] = cache.get(f"person {user.user_id}", "gone")


# claims {"same": true, "url": "https://directory.example.com/people?email=ada%40example.com",
#  "error": "404 from https://h/missing",
#  "answer": [404, false, "https://h/missing?key=k", 55, "{\"url\": \"https://h/missing?key=k\", \"body\": \"{\\\"a\\\":1}\"}"],
#  "headers": ["application/json", "POST", null, true],
#  "listed": [["content-type", "x-method"], ["POST", "application/json"], 2],
#  "names": ["KEY", "SECRET"], "secret": ["a-secret", null, "a-key"], "gone": "gone"}
