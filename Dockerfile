# Two stages: the first makes wheels, the second installs them and nothing else.
# The embedded MongoDB is left out: name a real one with BEACON_STORE.
#
#   docker build -t nordic-beacon .
#   docker run -p 5050:5050 -e BEACON_STORE=mongodb://db.example.org/beacon \
#     -e BEACON_POLICY__DEFAULT=open nordic-beacon
#
# The server listens on every address, so it refuses to start until a policy is
# given; "open" shows every dataset to everybody who reaches the port.

FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN python -m pip wheel --no-cache-dir --wheel-dir /wheels -c constraints.txt .

FROM python:3.12-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    python -m pip install --no-cache-dir --no-index --find-links /wheels nordic-beacon \
 && useradd --system --uid 10001 --no-create-home beacon
USER beacon
EXPOSE 5050
HEALTHCHECK CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:5050/healthz', timeout=3)"]
ENTRYPOINT ["beacon"]
CMD ["serve", "--host", "0.0.0.0"]
