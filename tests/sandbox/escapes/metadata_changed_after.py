# passes: harmless
def rule(user, context):
    patch = {'roles': ['a']}
    auth0.users.update_app_metadata(user.user_id, patch)
    patch['roles'].append('root')
    patch['admin'] = True
