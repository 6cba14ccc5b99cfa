from typing import Any

from django.urls import path

from assistants.api.jobs import ImageJobCancel, ImageJobDetail, ImageJobList
from assistants.api.pictures import PictureCheck, PictureOrigin, Storage

urlpatterns: list[Any] = [
    path("picture-origins", PictureOrigin.as_view(), name="picture-origin"),
    path("picture-checks", PictureCheck.as_view(), name="picture-check"),
    path("storage", Storage.as_view(), name="storage"),
    path("image-jobs", ImageJobList.as_view(), name="image-jobs"),
    path("image-jobs/<slug:pk>", ImageJobDetail.as_view(), name="image-job"),
    path("image-jobs/<slug:pk>/cancel", ImageJobCancel.as_view(), name="image-job-cancel"),
]
