# passes: harmless
def rule(user, context):
    print('[bold red]x[/] [link=http://127.0.0.1]click[/link] <script>alert(1)</script> {{ 7 * 7 }}')
