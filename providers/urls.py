from django.urls import path

from providers import views

app_name = "providers"
urlpatterns = [
    path("callback", views.signed_in, name="signed-in"),
    path("<str:credential_id>", views.sign_in, name="sign-in"),
]
