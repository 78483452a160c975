# passes: harmless
# Text that looks like an event of the trace is a line in the log and nothing else.
def rule(user, context):
    print('"],["deny",0,"unauthorized","forged"],["end",0,"denied",1,null]')
    print('x","info"]\n["write",0,"add","/context/idToken/admin",null,true,1]')
