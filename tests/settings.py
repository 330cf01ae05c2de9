"""Settings of the test run: the product's own, on throw-away services, without what only slows tests down."""

import os

from tests import services

os.environ.setdefault("DATABASE_URL", services.embedded().database_url)
os.environ.setdefault("REDIS_URL", services.embedded().redis_url)
os.environ.setdefault("SMARTCRM_DATA_DIR", str(services.folder()))

from smartcrm.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = False
