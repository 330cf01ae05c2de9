"""The reference application behind the same server and the same bounded pool of threads as the product."""

import os

from django.core.wsgi import get_wsgi_application

from smartcrm.bridge import WsgiBridge

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.reference.settings")

application = WsgiBridge(
    get_wsgi_application(), threads=int(os.environ.get("WEB_THREADS", "8")), longest_body=100 * 1024 * 1024
)
