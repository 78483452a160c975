# mypy: allow-untyped-calls, disable-error-code="import-untyped"
"""The smallest Django project that runs validator.py: settings, addresses, a login page, two people.

    python -m examples.django_oauth_toolkit.project --claimsmith http://127.0.0.1:8100 --token T --port 8400

It is a demonstration: the database is gone when it ends, and so are the keys.
"""

from __future__ import annotations

import argparse
import secrets
import tempfile
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path
from jwcrypto.jwk import JWK

CALLBACK = "http://127.0.0.1:8300/callback"
LOGIN_PAGE = """<!doctype html><title>Log in</title>
<form method="post">{% csrf_token %}{{ form.as_p }}<button>Log in</button></form>"""

urlpatterns: list[Any] = []  # filled when Django is ready


def configure(url: str, execute_url: str, token: str, folder: str) -> None:
    """Django's settings. Of interest here: CLAIMSMITH_* and OAUTH2_PROVIDER."""
    settings.configure(
        CLAIMSMITH_EXECUTE_URL=execute_url,
        CLAIMSMITH_TOKEN=token,
        OAUTH2_PROVIDER={
            "OAUTH2_VALIDATOR_CLASS": "examples.django_oauth_toolkit.validator.ClaimsmithValidator",
            "OIDC_ENABLED": True,
            "OIDC_ISS_ENDPOINT": f"{url}/o",
            "OIDC_RSA_PRIVATE_KEY": JWK.generate(kty="RSA", size=2048).export_to_pem(True, None).decode(),
            "SCOPES": {"openid": "who you are", "profile": "your name", "email": "your address", "jobs": "jobs"},
            "DEFAULT_SCOPES": ["jobs"],
            # What RFC 9700 asks for, but for the password grant, which is here to be shown.
            "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
            "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
            "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
            "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
            "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
        },
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/issuer.sqlite3"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        LOGIN_URL="/login/",
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.ScryptPasswordHasher"],
        ROOT_URLCONF=__name__,
        SECRET_KEY=secrets.token_urlsafe(32),
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN_PAGE}),
                        "django.template.loaders.app_directories.Loader",
                    ],
                },
            }
        ],
        USE_TZ=True,
    )
    django.setup()
    from django.contrib.auth.views import LoginView

    urlpatterns.append(path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")))
    urlpatterns.append(path("login/", LoginView.as_view()))


def fill() -> None:
    """Ada, who may change articles, and Bob, who may not; and an application for each way to a token."""
    from django.contrib.auth.models import Group, Permission, User
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    ada = User.objects.create_user("ada", "ada@example.com", "analytical", first_name="Ada", last_name="Lovelace")
    User.objects.create_user("bob", "bob@example.net", "builder", first_name="Bob", last_name="Miller")
    editors = Group.objects.create(name="editors")
    editors.permissions.add(Permission.objects.get(codename="change_user"))
    ada.groups.add(editors)
    page = {"redirect_uris": CALLBACK, "algorithm": "RS256", "skip_authorization": True}
    for name, client_type, grant, more in (
        ("demo-app", "public", "authorization-code", page),
        ("demo-hybrid", "confidential", "openid-hybrid", page),
        ("demo-password", "confidential", "password", {}),
        ("nightly-job", "confidential", "client-credentials", {}),
    ):
        Application.objects.create(
            client_id=name,
            client_secret="demo-secret",
            client_type=client_type,
            authorization_grant_type=grant,
            name=name,
            **more,
        )


def main() -> None:
    """django-oauth-toolkit as an OpenID Provider that lets Claimsmith decide what goes into its tokens."""
    parser = argparse.ArgumentParser(prog="python -m examples.django_oauth_toolkit.project", description=main.__doc__)
    parser.add_argument("--claimsmith", required=True, help="address of the service, http://127.0.0.1:8100")
    parser.add_argument("--token", required=True, help="what `claimsmith token --scope execute` printed")
    parser.add_argument("--port", type=int, default=8400)
    options = parser.parse_args()
    url = f"http://127.0.0.1:{options.port}"
    with tempfile.TemporaryDirectory(prefix="issuer-") as folder:
        configure(url, options.claimsmith.rstrip("/") + "/v1/execute", options.token, folder)
        fill()
        call_command("runserver", f"127.0.0.1:{options.port}", use_reloader=False)


if __name__ == "__main__":
    main()
