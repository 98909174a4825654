from django.urls import path

from apps.orgs import api

urlpatterns = [
    path("orgs", api.OrgList.as_view()),
    path("orgs/<str:org_id>", api.OrgDetail.as_view()),
    path("orgs/<str:org_id>/enrol", api.OrgEnrol.as_view()),
    path("coverage", api.CoverageDoor.as_view()),
    path("devhubs", api.DevHubList.as_view()),
    path("devhubs/<int:dev_hub_id>", api.DevHubDetail.as_view()),
]
