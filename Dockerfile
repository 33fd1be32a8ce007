# The web service: `docker build -t skintag .`, then see docs/service.md. Base dependencies plus the extra `serve`, no torch.
FROM python:3.12-slim AS build
WORKDIR /src
RUN python -m venv /opt/skintag
COPY pyproject.toml README.md ./
COPY benchmarks benchmarks
COPY distill distill
COPY export export
COPY mobile_app mobile_app
COPY runtime runtime
COPY teacher teacher
RUN /opt/skintag/bin/pip install --no-cache-dir --disable-pip-version-check ".[serve]"

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin skintag
COPY --from=build /opt/skintag /opt/skintag
# Nothing is written at run time, so the image runs with --read-only and without a /tmp.
ENV PATH=/opt/skintag/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 ORT_DISABLE_TELEMETRY=1
USER 10001:10001
WORKDIR /
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4).read()"]
ENTRYPOINT ["python", "-m", "runtime", "serve", "--host", "0.0.0.0", "--port", "8000"]
