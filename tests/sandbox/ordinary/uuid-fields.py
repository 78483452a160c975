# The fields of an id that tells its time.

from uuid import UUID

ID = UUID("c9a646d3-9c61-11ef-8b2a-0242ac120002")


def rule(user, context):
    context.idToken.update(
        fields=[ID.time_low, ID.time_mid, ID.time_hi_version, ID.clock_seq_hi_variant, ID.clock_seq_low, ID.node],
        clock=ID.clock_seq, little=ID.bytes_le.hex(), version=ID.version, seconds=(ID.time - 0x01B21DD213814000) // 10**7,
    )

# claims {"fields": [3383117523, 40033, 4591, 139, 42, 2485377957890], "clock": 2858, "little":
#  "d346a6c9619cef118b2a0242ac120002", "version": 1, "seconds": 1730912928}
