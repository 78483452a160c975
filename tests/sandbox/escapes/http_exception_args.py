# raises: HTTPError: 404 from
def rule(user, context):
    answer = http.get('https://h/missing')
    try:
        answer.raise_for_status()
    except http.HTTPError as error:
        assert error.args == (str(error),)
        raise
