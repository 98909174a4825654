from django.urls import path

from apps.accounts import api

urlpatterns = [
    path("keys", api.KeyList.as_view()),
    path("keys/<int:key_id>", api.KeyDetail.as_view()),
    path("members", api.MemberList.as_view()),
    path("members/<int:member_id>", api.MemberDetail.as_view()),
    path("audit", api.AuditList.as_view()),
]
