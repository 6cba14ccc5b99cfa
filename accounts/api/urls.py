from django.urls import path

from accounts.api.audit import AuditExport, AuditList
from accounts.api.invitations import InvitationDetail, InvitationList
from accounts.api.keys import KeyDetail, KeyList
from accounts.api.me import Me
from accounts.api.members import MemberDeactivate, MemberDetail, MemberList, MemberReactivate
from accounts.api.organisation import OrganisationDetail
from accounts.api.teams import TeamDetail, TeamList, TeamMembers

urlpatterns = [
    path("me", Me.as_view(), name="me"),
    path("organisation", OrganisationDetail.as_view(), name="organisation"),
    path("teams", TeamList.as_view(), name="teams"),
    path("teams/<slug:pk>", TeamDetail.as_view(), name="team"),
    path("teams/<slug:pk>/members", TeamMembers.as_view(), name="team-members"),
    path("members", MemberList.as_view(), name="members"),
    path("members/<slug:pk>", MemberDetail.as_view(), name="member"),
    path("members/<slug:pk>/deactivate", MemberDeactivate.as_view(), name="member-deactivate"),
    path("members/<slug:pk>/reactivate", MemberReactivate.as_view(), name="member-reactivate"),
    path("invitations", InvitationList.as_view(), name="invitations"),
    path("invitations/<slug:pk>", InvitationDetail.as_view(), name="invitation"),
    path("keys", KeyList.as_view(), name="keys"),
    path("keys/<slug:pk>", KeyDetail.as_view(), name="key"),
    path("audit", AuditList.as_view(), name="audit"),
    path("audit/export", AuditExport.as_view(), name="audit-export"),
]
