# raises: AttributeError
def rule(user, context):
    for name in ('f_back', 'f_globals', 'f_builtins', 'f_locals', 'f_code', 'tb_next', 'cr_frame', 'ag_code'):
        assert not hasattr((x for x in [1]), name)
    getattr((x for x in [1]), 'gi_' 'suspended')
