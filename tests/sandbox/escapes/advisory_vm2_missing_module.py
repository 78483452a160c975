# refused: import_not_allowed
# vm2 CVE-2026-47140: modules that stood in no deny-list.
def rule(user, context):
    import _posixsubprocess, _ctypes, _socket, posix, nt, _io, builtins, importlib, gc, code, pty, antigravity
