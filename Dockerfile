# The service in a container: installed from the hash-pinned list, run by an account without rights.
#   docker build -t distributor .
#   docker run -d --name office -v office:/office --stop-timeout 660 distributor
ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/distributor
WORKDIR /source
# The dependencies in a layer of their own: it changes only with the list.
COPY requirements-postgres.txt requirements-oidc.txt ./
RUN /opt/distributor/bin/pip install --require-hashes -r requirements-postgres.txt \
 && /opt/distributor/bin/pip install --require-hashes -r requirements-oidc.txt
COPY . .
RUN /opt/distributor/bin/pip install --no-deps .

FROM python:${PYTHON}
RUN groupadd --gid 10001 distributor \
 && useradd --uid 10001 --gid distributor --no-create-home --home-dir /office --shell /usr/sbin/nologin distributor \
 && install --directory --owner distributor --group distributor --mode 0750 /office
COPY --from=build /opt/distributor /opt/distributor
ENV PATH=/opt/distributor/bin:$PATH PYTHONUNBUFFERED=1 DISTRIBUTOR_LOG=json DISTRIBUTOR_CONFIG=/office/distributor.toml
USER distributor
WORKDIR /office
VOLUME /office
# SIGTERM lets the letters in flight finish; give `docker stop` 660 seconds for a slow relay.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:8025/healthz', timeout=4)"]
ENTRYPOINT ["distributor"]
CMD ["serve"]
