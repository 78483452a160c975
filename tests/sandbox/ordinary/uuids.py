# Ids: random ones, ones made from names, and what is in them.

import uuid


def rule(user, context):
    fresh = uuid.uuid4()
    named = uuid.uuid5(uuid.NAMESPACE_URL, "https://example.com/" + user.user_id)
    known = uuid.UUID("{12345678-1234-5678-1234-567812345678}")
    context.idToken.update(
        fresh=[fresh.version, len(str(fresh)), fresh != uuid.uuid4(), fresh.variant],
        named=str(named), old=str(uuid.uuid3(uuid.NAMESPACE_DNS, "example.com")),
        parts=[known.hex, known.urn, str(known.int), known.bytes.hex(), known.version, known.fields[0], str(known.time),
               str(known.node)],
        order=uuid.UUID(int=1) < uuid.UUID(int=2), same=known == uuid.UUID(bytes=known.bytes),
        spaces=[str(uuid.NAMESPACE_OID)[:8], str(uuid.NAMESPACE_X500)[:8]], set=len({known, known, named}),
    )
    try:
        uuid.UUID("not one")
    except ValueError as error:
        context.idToken["error"] = str(error)

# claims {"fresh": [4, 36, true, "specified in RFC 4122"], "named": "0704cc57-0f39-5077-aed4-604487a6e3dc", "old":
#  "9073926b-929f-31c2-abc9-fad77ae3e8eb", "parts": ["12345678123456781234567812345678",
#  "urn:uuid:12345678-1234-5678-1234-567812345678", "24197857161011715162171839636988778104",
#  "12345678123456781234567812345678", null, 305419896, "466142576285865592", "95073701484152"], "order": true,
#  "same": true, "spaces": ["6ba7b812", "6ba7b814"], "set": 2, "error": "badly formed hexadecimal UUID string"}
