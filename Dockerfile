# One image for alarm path, telemetry, pages, the media process and the keeper of the broker's files; the command says which.
# The registry may be a mirror: docker build --build-arg ANLING_REGISTRY=registry.example .
ARG ANLING_REGISTRY=docker.io

FROM ${ANLING_REGISTRY}/library/node:24-slim AS web
WORKDIR /src/dashboard
COPY dashboard/package.json dashboard/package-lock.json dashboard/.npmrc ./
RUN npm ci
COPY dashboard/ ./
RUN npm run build

FROM ${ANLING_REGISTRY}/library/python:3.13-slim AS build
WORKDIR /src
COPY requirements/uv.txt requirements/run.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/uv.txt
RUN uv venv --python /usr/local/bin/python3 /opt/anling \
 && uv pip install --python /opt/anling/bin/python --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY dashboard/hatch_build.py dashboard/
COPY hub/ hub/
COPY devices/ devices/
COPY extension/ extension/
COPY --from=web /src/hub/static/ hub/static/
# The pages are there already, and this stage has no Node.
RUN ANLING_PAGES_BUILT=1 uv pip install --python /opt/anling/bin/python --no-deps --no-build-isolation .

FROM ${ANLING_REGISTRY}/library/python:3.13-slim
# A volume that is mounted here for the first time takes over owner and mode of the folder it covers.
RUN groupadd --gid 10001 anling \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/anling --shell /usr/sbin/nologin anling \
 && install --directory --owner 10001 --group 10001 --mode 0700 \
      /var/lib/anling /var/lib/anling/data /var/lib/anling/broker /run/anling
COPY --from=build /opt/anling /opt/anling
ENV PATH=/opt/anling/bin:$PATH PYTHONUNBUFFERED=1 ANLING_DATA_DIR=/var/lib/anling/data
USER 10001:10001
WORKDIR /var/lib/anling
EXPOSE 8080
CMD ["anling", "alarm-path"]
