"""What Scratcher consists of: the one table. `manage.py up`, Procfile and docker-compose.yml start the same commands.

A shell, honcho or compose fills in `${NAME:-default}`.
"""

# No mingle, no gossip: workers have nothing to tell each other, and a new one should start at once. -E is for Flower;
# without -l Celery would hide whatever our own log says below a warning.
_WORKER = "--pool threads --prefetch-multiplier 1 --without-mingle --without-gossip -E -l INFO"

PROCESSES = {
    "web": (
        "uvicorn config.asgi:application --host 0.0.0.0 --port ${PORT:-8000}"
        " --proxy-headers --no-access-log --no-server-header --lifespan off --timeout-graceful-shutdown 10"
    ),
    "worker": f"celery -q -A config worker -n worker@%h -Q polls --concurrency ${{WORKER_THREADS:-100}} {_WORKER}",
    # A worker of its own, so that the tick never waits behind polls.
    "upkeep": f"celery -q -A config worker -n upkeep@%h -Q upkeep,events,operations --concurrency 8 {_WORKER}",
    "beat": ("celery -q -A config beat --pidfile= --max-interval 1 --scheduler workers.schedule:Scheduler"),
    "flower": "celery -q -A config flower --conf=config/flower.py",
}

RELEASE = "python manage.py migrate --no-input"
