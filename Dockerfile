# docker build -t lenet-replication . && docker run --rm lenet-replication
# Not yet built anywhere: no Docker was at hand.
FROM python:3.13-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home researcher && mkdir /replication && chown researcher /replication
WORKDIR /replication
USER researcher
COPY --chown=researcher . .
RUN make install
CMD ["make", "quick"]
