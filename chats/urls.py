from django.urls import path

from chats import stream, views

app_name = "chats"
urlpatterns = [
    path("", views.home, name="home"),
    path("chats", views.start, name="start"),
    path("chats/<str:chat_id>", views.chat, name="chat"),
    path("chats/<str:chat_id>/messages", views.say, name="say"),
    path("chats/<str:chat_id>/turns/<str:turn_id>/events", stream.events, name="events"),
    path("messages/<str:message_id>/confirm", views.confirm, name="confirm"),
    path("image-jobs/<str:job_id>/stop", views.stop, name="stop"),
    path("pictures", views.my_pictures, name="pictures"),
    path("pictures/<str:artifact_id>", views.picture, name="picture"),
    path("linked/<str:token>", views.linked, name="link"),
]
