# Bytes: reading, splitting, searching, changing.

RAW = b"Key: \x00\x01value; Key: other"


def rule(user, context):
    head, _, tail = RAW.partition(b"; ")
    context.idToken.update(
        head=head.hex(), tail=tail.decode("ascii"), count=RAW.count(b"Key"), find=[RAW.find(b"value"), RAW.rfind(b"Key")],
        index=RAW.index(b":"), parts=[part.decode() for part in tail.split(b": ")],
        last=RAW.rsplit(b" ", 1)[-1].decode(), start=[RAW.startswith(b"Key"), RAW.endswith((b"r", b"x"))],
        strip=[b" a ".strip().decode(), b"xa".lstrip(b"x").decode(), b"ax".rstrip(b"x").decode()],
        cases=[b"aB".upper().decode(), b"aB".lower().decode()], replaced=b"a-b".replace(b"-", b"+").decode(),
        cut=[b"pre-x".removeprefix(b"pre-").decode(), b"x.py".removesuffix(b".py").decode()],
        joined=b", ".join([b"a", b"b"]).decode(), numbers=list(b"AZ"), first=RAW[0], made=bytes([72, 105]).decode(),
        zeros=len(bytes(4)), hex=bytes.fromhex("48 69").decode(), slice=RAW[-5:].decode(), text=str(b"caf\xc3\xa9", "utf-8"),
        again=b"abc"[::-1].decode(), same=b"a" + b"b" == b"ab", ascii=b"\xff".decode("utf-8", "replace"),
    )

# claims {"head": "4b65793a20000176616c7565", "tail": "Key: other", "count": 2, "find": [7, 14], "index": 3,
#  "parts": ["Key", "other"], "last": "other", "start": [true, true], "strip": ["a", "a", "a"], "cases": ["AB",
#  "ab"], "replaced": "a+b", "cut": ["x", "x"], "joined": "a, b", "numbers": [65, 90], "first": 75, "made": "Hi",
#  "zeros": 4, "hex": "Hi", "slice": "other", "text": "café", "again": "cba", "same": true, "ascii": "�"}
