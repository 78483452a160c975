# refused: import_not_allowed
def rule(user, context):
    import mimetypes, linecache, fileinput, shutil, tempfile, glob
