FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 LOG_FORMAT=json SF_CLI=""
WORKDIR /app

COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

COPY . .
RUN python manage.py collectstatic --no-input \
 && useradd --system --uid 10001 --no-create-home scratcher

USER scratcher
EXPOSE 8000
# docker-compose.yml gives each service its command; alone, the image serves the web.
CMD exec uvicorn config.asgi:application --host 0.0.0.0 --port ${PORT:-8000} --proxy-headers --no-access-log --no-server-header --lifespan off --timeout-graceful-shutdown 10
