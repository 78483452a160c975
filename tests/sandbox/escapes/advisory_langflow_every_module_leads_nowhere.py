# passes: harmless
def rule(user, context):
    import base64, collections, datetime, decimal, functools, hashlib, hmac, html, ipaddress, itertools, json, math
    import random, re, secrets, statistics, string, time, unicodedata, urllib, urllib.parse, uuid, zoneinfo, jwt
    found = []
    for m in (base64, collections, datetime, decimal, functools, hashlib, hmac, html, ipaddress, itertools, json, math,
              random, re, secrets, statistics, string, time, unicodedata, urllib, urllib.parse, uuid, zoneinfo, jwt):
        for name in ('sys', 'os', 'codecs', 'warnings', 'builtins', 'bltns', 'enum', 're', 'types', 'io', 'copyreg', 'importlib',
                     'functools', 'operator', 'collections', 'threading', '_os', '_sys', '_collections_abc', 'members',
                     'member', 'loader', 'spec', 'dict', 'subprocess', 'platform', '_urandom', 'struct'):
            if hasattr(m, name):
                found.append([repr(m), name])
    assert not found, found
