# raises: TypeError
from collections import Counter


def rule(user, context):
    http.get('https://h/', headers=Counter('a'))
