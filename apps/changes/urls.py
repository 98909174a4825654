from django.urls import path

from apps.changes import api

urlpatterns = [
    path("changes", api.ChangeList.as_view()),
]
