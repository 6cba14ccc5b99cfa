from django.apps import AppConfig

from tale.celery import app  # a task sent from the web process must know its broker

__all__ = ["TaleConfig", "app"]


class TaleConfig(AppConfig):
    name = "tale"
