from django.urls import path

from assistants import views

app_name = "assistants"
urlpatterns = [
    path("verify", views.verify, name="verify"),
    path("p/<slug:key>", views.statement, name="statement"),
]
