from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("profile", views.profile, name="profile"),
    path("keys", views.own_keys, name="keys"),
    path("keys/<str:key_id>/revoke", views.revoke_key, name="revoke"),
    path("organisations/switch", views.switch, name="switch"),
    path("organisations/none", views.no_organisation, name="no_organisation"),
    path("invitations/<str:secret>", views.invitation, name="invitation"),
]
