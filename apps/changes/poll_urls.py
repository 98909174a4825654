from django.urls import path

from apps.changes import poll_api

urlpatterns = [
    path("poll", poll_api.PollAll.as_view()),
    path("orgs/<str:org_id>/poll", poll_api.PollOne.as_view()),
]
