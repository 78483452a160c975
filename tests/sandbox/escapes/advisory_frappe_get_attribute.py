# refused: undefined_name
def rule(user, context):
    frappe.get_attr('os.system')('true')
