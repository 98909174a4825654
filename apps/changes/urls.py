from django.urls import path

from apps.changes import api, poll_api

urlpatterns = [
    path("changes", api.ChangeList.as_view()),
    path("overlaps", api.OverlapList.as_view()),
    path("orgs/<str:org_id>/components", api.ComponentList.as_view()),
    path("analytics/changes", api.ChangeCounts.as_view()),
    path("poll", poll_api.PollAll.as_view()),
    path("orgs/<str:org_id>/poll", poll_api.PollOne.as_view()),
]
