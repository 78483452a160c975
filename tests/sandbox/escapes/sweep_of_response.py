# raises: TypeError
def rule(user, context):
    answer = http.get('https://h/')
    for value in [answer.status_code, answer.ok, answer.url, answer.headers, answer.content, answer.text, answer.json,
                  answer.raise_for_status]:
        for name in ['__self__', '__func__', '__globals__', '__class__', '__dict__', '__code__', '__closure__', '__wrapped__']:
            assert not hasattr(value, name) or name == '__class__', name
    answer.json().update(a=1)
    answer.text = 'mine'
