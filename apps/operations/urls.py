from django.urls import path

from apps.operations import api

urlpatterns = [
    path("operations/<int:operation_id>", api.OperationDetail.as_view()),
    path("operations/<int:operation_id>/progress", api.OperationProgress.as_view()),
    path("operations/<int:operation_id>/logs", api.OperationLogs.as_view()),
    path("operations/<int:operation_id>/cancel", api.OperationCancel.as_view()),
]
