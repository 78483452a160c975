# raises: AssertionError
# CPython's UnicodeDecodeError shows the byte at any `start` it is made with: the memory before and behind an object.
def rule(user, context):
    loot = ''
    for i in range(-64, 0):
        text = str(UnicodeDecodeError('x', b'abc', i, i + 1, 'r'))
        if 'byte 0x' in text:
            loot += text.split('byte 0x')[1][:2]
    context.idToken.loot = loot
    assert loot
