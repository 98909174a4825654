"""Flower's settings: `celery -A config flower --conf=config/flower.py`. It starts only with a password."""

from config.settings import env, secret

basic_auth = [f"{env.str('FLOWER_USER', 'admin')}:{secret('FLOWER_PASSWORD')}"]
port = env.int("FLOWER_PORT", 5555)
max_tasks = 10_000  # kept in memory, about 2 KB each
