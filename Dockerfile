# The toolkit as a small image: a virtualenv of runtime dependencies on a pinned base, run by a user of its own.
#
#   docker build -t migration-checks .
#   docker run --rm -v "$PWD:/work:ro" migration-checks            # verifies what lies in this folder, on an embedded server
#
# A digest pins harder than a tag: --build-arg PYTHON_IMAGE=python:3.11-slim@sha256:...
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
RUN python3 -m venv /opt/migration-checks
COPY pyproject.toml ./
# What an env.py or a revision imports beside the drivers: --build-arg PACKAGES="sqlalchemy-utils pgvector"
ARG PACKAGES=""
# Dependencies first: they change less often than the sources, and are most of the time that a build takes.
RUN python3 -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
        print(*project['dependencies'], *project['optional-dependencies']['drivers'], sep='\n')" >requirements.txt \
    && /opt/migration-checks/bin/python -m pip install --no-cache-dir --disable-pip-version-check -r requirements.txt ${PACKAGES}
COPY README.md LICENSE ./
COPY migration_checks migration_checks
RUN /opt/migration-checks/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps . \
    && /opt/migration-checks/bin/python -m pip uninstall --yes --quiet pip setuptools

FROM ${PYTHON_IMAGE}
# A numeric id lets an orchestrator see that it is not root; initdb wants an entry in the user table for it.
RUN useradd --uid 1000 --create-home --shell /usr/sbin/nologin checks
COPY --from=build /opt/migration-checks /opt/migration-checks
ENV PATH=/opt/migration-checks/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 1000:1000
WORKDIR /work
ENTRYPOINT ["migration-checks"]
CMD ["verify"]
