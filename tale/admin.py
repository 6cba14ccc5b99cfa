"""The admin: every section, in the order in which people see it."""

from axes.models import AccessAttempt
from django.utils.translation import gettext_lazy as _

from accounts import admin as accounts
from accounts.admin_base import Section, Site
from accounts.models import ApiKey, AuditLine, Invitation, Membership, Organisation, Team, User
from analytics import admin as analytics
from assistants import admin as assistants
from assistants.models import Artifact, Assistant, BlockedPicture, DeletionProof
from chats import admin as chats
from chats.models import Chat
from policies import admin as policies
from policies.models import (
    BudgetRule,
    Call,
    Entry,
    FeatureSwitch,
    Guardrail,
    Hold,
    ImagePolicy,
    LegalHold,
    Loss,
    ModelAccess,
    Window,
)
from providers import admin as providers
from providers.models import Alias, Credential, Fallback, Model, ModelDefault, Provider
from tale.overview import OVERVIEW
from tale.system import SYSTEM

site = Site(
    overview=OVERVIEW,
    sections=(
        Section(
            _("Providers & models"),
            (
                (Provider, providers.ProviderAdmin),
                (Model, providers.ModelAdmin),
                (Credential, providers.CredentialAdmin),
                (ModelDefault, providers.DefaultAdmin),
                (Fallback, providers.FallbackAdmin),
                (Alias, providers.AliasAdmin),
                providers.REASONS,
            ),
        ),
        Section(_("Assistants"), ((Assistant, assistants.AssistantAdmin), assistants.ORIGINS)),
        Section(
            _("Policies & limits"),
            (
                (BudgetRule, policies.RuleAdmin),
                (FeatureSwitch, policies.SwitchAdmin),
                (ModelAccess, policies.ModelAccessAdmin),
                (ImagePolicy, policies.ImagePolicyAdmin),
                (Guardrail, policies.GuardrailAdmin),
                (BlockedPicture, assistants.BlockedPictureAdmin),
                policies.COULD,
                (Window, policies.WindowAdmin),
                (Hold, policies.HoldAdmin),
                (Loss, policies.LossAdmin),
                (LegalHold, policies.LegalHoldAdmin),
            ),
        ),
        Section(
            _("Chats & retention"),
            (
                (Chat, chats.ChatAdmin),
                (Artifact, assistants.PictureAdmin),
                (DeletionProof, assistants.ProofAdmin),
            ),
        ),
        Section(
            _("Analytics"),
            (
                analytics.TOP_MODELS,
                (Entry, policies.EntryAdmin),
                (Call, policies.CallAdmin),
            ),
        ),
        Section(
            _("People & keys"),
            (
                (Organisation, accounts.OrganisationSettings),
                (Membership, accounts.MemberAdmin),
                (Team, accounts.TeamAdmin),
                (Invitation, accounts.InvitationAdmin),
                (ApiKey, accounts.KeyAdmin),
                (AccessAttempt, accounts.LockoutAdmin),
            ),
        ),
        Section(_("Audit"), ((AuditLine, accounts.AuditAdmin),)),
        Section(_("System"), (SYSTEM, (User, accounts.AccountAdmin))),
    ),
)
