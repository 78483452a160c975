# raises: TypeError
def rule(user, context):
    headers = http.get('https://h/').headers
    for value in [headers.get, headers.keys, headers.values, headers.items]:
        for name in ['__self__', '__func__', '__globals__', '__dict__', '__code__', '__closure__']:
            assert not hasattr(value, name), name
    headers.keys().append('a')
    headers.items().clear()
    assert len(headers) == 2
    headers['a'] = 'b'
