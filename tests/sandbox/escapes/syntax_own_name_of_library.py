# raises: AttributeError
import uuid, re, json, ipaddress
def rule(user, context):
    for value, name in ((uuid.uuid4(), '_x'), (ipaddress.ip_address('::1'), '_ip'), (json, '_default')):
        assert not hasattr(value, name)
    ipaddress.ip_address('::1')._ip
