"""Who may what: the one table of the authorisation matrix.

route    of the URL resolver, with every method it takes
object   that its address names, `-` for none; see tests/matrix/world.py
who may  on what is theirs or their organisation's / on a team mate's too;
         a role or what is wrong with somebody, see tests/matrix/cast.py
get      the answer they get
scope    of the key, at a door for programs; `any`, and `-` at a door for people
others   what the rest get, where it is not what their door answers: 302 to the sign-in (a
         program: 401) for whoever is not known, 403 for whoever is. `missing` is what is got at
         what is foreign, deleted, made up, or a team mate's, where that is not 404; `foreign` is
         what they get there who see what is foreign; `gone` at what was theirs and is deleted
"""

TABLE = """
# route, method, object, who may, get, scope, others
# -- chats ---------------------------------------------------------------------------------
chats:home    GET  -       people 200 - outside,ex,suspended=302
chats:start   POST -       people 302 -
chats:chat    GET  chat    people 200 -
chats:say     POST chat    people 302 -
chats:confirm POST card    people 302 -
chats:events  GET  turn    people 200 -
chats:pictures GET -       people 200 -
chats:picture GET  picture people 200 - gone=410
chats:picture GET  sketch  people 200 - gone=410
chats:picture DELETE picture people/admin,owner,operator 200 - gone=410
chats:picture DELETE sketch  people/admin,owner,operator 200 - gone=410
chats:link    GET  linked  everyone,-suspended/everyone 200 - suspended=403 foreign:suspended=200 missing=403 gone=410
chats:stop    POST   job     people/admin,owner,operator 204 -
# -- the door of an account, as allauth built it -------------------------------------------
account_login                        GET  -     signed-out 200 - signed-in=302
account_login                        POST -     signed-out 302 - signed-in=302
account_logout                       GET  -     signed-in  200 -
account_logout                       POST -     signed-in  302 -
account_inactive                     GET  -     everyone   200 -
account_signup                       GET  -     nobody     200 - signed-in=302 signed-out=200
account_signup                       POST -     nobody     200 - signed-in=302 signed-out=200
account_reauthenticate               GET  -     signed-in  200 -
account_reauthenticate               POST -     signed-in  302 -
account_email                        GET  -     signed-in  200 -
account_email                        POST -     signed-in  302 -
account_email_verification_sent      GET  -     everyone   200 -
account_email_verification_sent      POST -     nobody     200 - everyone=405
account_change_password              GET  -     signed-in  200 -
account_change_password              POST -     signed-in  302 -
account_set_password                 GET  -     nobody     200 - signed-in=302
account_set_password                 POST -     nobody     200 - signed-in=302
account_reset_password               GET  -     everyone   200 -
account_reset_password               POST -     everyone   302 -
account_reset_password_done          GET  -     everyone   200 -
account_reset_password_from_key_done GET  -     everyone   200 -
account_reset_password_from_key      GET  reset everyone   302 - missing=200
account_reset_password_from_key      POST reset everyone   302 - missing=200
account_confirm_email                GET  proof everyone   200 - missing=200
account_confirm_email                POST proof everyone   302 -
account_confirm_login_code           GET  -     nobody     200 - everyone=302
account_confirm_login_code           POST -     nobody     200 - everyone=302
# -- a person's own pages ------------------------------------------------------------------
accounts:profile         GET  -       signed-in                200 -
accounts:profile         POST -       signed-in                302 -
accounts:keys            GET  -       people                   200 -
accounts:keys            POST -       people,-operator         200 -
accounts:revoke          POST key     people                   302 -
accounts:switch          POST -       people,suspended,outside 302 - ex=404
accounts:invitation      GET  invited everyone                 200 - missing=403
accounts:invitation      POST invited signed-out               302 - missing=403
accounts:no_organisation GET  -       outside,ex,suspended     200 - people=302
set_language             POST -       everyone                 302 -
licence                  GET  -       everyone                 200 -
# -- where a picture comes from --------------------------------------------------------------
assistants:verify    GET  -         everyone 200 -
assistants:verify    POST -         everyone 200 -
assistants:statement GET  statement everyone 200 - gone=410
# -- the native API ------------------------------------------------------------------------
api:openapi           GET    -                   everyone            200 any
api:docs              GET    -                   everyone            200 any
api:me                GET    -                   members             200 any
api:organisation      GET    -                   members             200 read
api:organisation      PATCH  -                   governors           200 admin
api:invitations       GET    -                   readers             200 read
api:invitations       POST   -                   governors           201 admin
api:invitation        GET    invitation          readers             200 read
api:invitation        DELETE invitation          governors           204 admin
api:teams             GET    -                   members             200 read
api:teams             POST   -                   governors           201 admin
api:team              GET    team                members             200 read
api:team              PATCH  team                governors           200 admin
api:team              DELETE team                governors           204 admin
api:team-members      PUT    team                governors           200 admin
api:members           GET    -                   readers             200 read
api:member            GET    member              readers             200 read
api:member            PATCH  member              governors           200 admin
api:member-deactivate POST   member              governors           200 admin
api:member-reactivate POST   leaver              governors           200 admin
api:keys              GET    -                   members             200 read
api:keys              POST   -                   governors           201 admin
api:key               GET    key                 members/readers     200 read
api:key               DELETE key                 governors/governors 204 admin
api:budgets           GET    -                   readers             200 read
api:budget            GET    policies.budgetrule readers             200 read
api:entries           GET    -                   readers             200 read
api:providers         GET    -                   readers             200 read
api:providers         POST   -                   governors           201 admin
api:provider          GET    providers.provider  readers             200 read
api:provider          PATCH  providers.provider  governors           200 admin
api:provider          DELETE providers.provider  governors           204 admin
api:provider-test     POST   providers.provider  governors           200 admin
api:provider-credentials POST providers.provider governors           201 admin
api:credential        DELETE providers.credential governors          204 admin
api:models            GET    -                   members             200 read
api:models            POST   -                   governors           201 admin
api:model             GET    providers.model     members             200 read
api:model             PATCH  providers.model     governors           200 admin
api:model-prices      POST   providers.model     governors           201 admin
api:model-defaults    GET    -                   members             200 read
api:model-defaults    PUT    -                   governors           200 admin
api:picture-check     POST   -                   members             200 images
api:picture-origin    POST   -                   members             200 images
api:audit             GET    -                   readers             200 read
api:audit-export      GET    -                   readers             200 read
api:image-jobs        GET    -                   members             200 images
api:image-job         GET    job                 members/governors   200 images
api:image-job-cancel  POST   job                 members/governors   200 images
api:pictures          GET    -                   members             200 images
api:pictures          POST   -                   members             201 images
api:storage           GET    -                   members             200 images
api:picture           GET    sketch              members             200 images gone=410
api:picture           GET    picture             members             200 images gone=410
api:picture           DELETE sketch              members/governors   204 images gone=410
api:picture           PATCH  sketch              members/governors   200 images gone=410
api:picture-content   GET    sketch              members             200 images gone=410
api:picture-link      GET    sketch              members             200 images gone=410
# -- OpenAI's API --------------------------------------------------------------------------
openai-images POST - members 200 images
openai-edits  POST - members 200 images
# -- signing in to a provider --------------------------------------------------------------
providers:sign-in   GET providers.credential admin,owner,operator 302 -
providers:signed-in GET -                    nobody               302 - admin,owner,operator=400
# -- machines ------------------------------------------------------------------------------
healthz GET - everyone 200 -
readyz  GET - everyone 200 -
metrics GET - nobody   200 - everyone=401
# -- the admin: what is no list ------------------------------------------------------------
admin:index                            GET  - overseers           200 -
admin:index                            POST - overseers           200 -
admin:model_reasons                    GET  - overseers           200 -
admin:model_reasons                    POST - overseers           200 -
admin:providers_provider_connection POST providers.provider governors 200 - foreign:operator,outside=403 missing:auditor,admin,owner=404
admin:providers_credential_sign_in  GET  providers.credential governors 302 - foreign:operator,outside=403 missing:auditor,admin,owner=404
admin:providers_credential_sign_in  POST providers.credential governors 302 - foreign:operator,outside=403 missing:auditor,admin,owner=404
admin:origins                          GET  - overseers           200 -
admin:origins                          POST - overseers           200 -
admin:assistants_artifact_contents     GET  - governors           200 -
admin:assistants_artifact_contents     POST - governors           302 -
admin:assistants_artifact_covered      GET  - overseers           302 -
admin:assistants_artifact_covered      POST - overseers           302 -
admin:assistants_artifact_file         GET  assistants.artifact nobody 200 - overseers=403 foreign:operator,outside=403 missing:auditor,admin,owner=404
admin:assistants_artifact_file         POST assistants.artifact nobody 200 - overseers=403 foreign:operator,outside=403 missing:auditor,admin,owner=404
admin:assistants_deletionproof_look_again GET  assistants.deletionproof overseers 302 - foreign:operator,outside=302
admin:assistants_deletionproof_look_again POST assistants.deletionproof overseers 302 - foreign:operator,outside=302
admin:could                            GET  - overseers           200 -
admin:could                            POST - overseers           200 -
admin:top_models                       GET  - overseers           200 -
admin:top_models                       POST - overseers           200 -
admin:system                           GET  - overseers           200 -
admin:system                           POST - overseers           200 -
admin:accounts_auditline_export        GET  - overseers,-outside  200 -
admin:accounts_auditline_export        POST - overseers,-outside  200 -
admin:accounts_auditline_verify        GET  - overseers,-outside  302 -
admin:accounts_auditline_verify        POST - overseers,-outside  302 -
admin:autocomplete                     GET  - nobody              200 -
admin:autocomplete                     POST - nobody              200 - overseers=405
admin:jsi18n                           GET  - overseers           200 -
admin:jsi18n                           POST - nobody              200 - overseers=405
admin:accounts_organisation_changelist GET  - auditor,admin,owner 302 - operator,outside=200
admin:accounts_organisation_changelist POST - auditor,admin,owner 302 - operator,outside=200
admin:accounts_user_change POST accounts.user operator,outside 302 - foreign:operator,outside=302
admin:accounts_apikey_add              POST - governors           200 -
admin:app_list                         GET  - nobody              200 - overseers=404
admin:app_list                         POST - nobody              200 - overseers=404
/admin/<url>                           GET  - nobody              200 - overseers=404
/admin/<url>                           POST - nobody              200 - overseers=404
"""

# The lists of the admin. `see` is the list, a row and its history; see governance.py.
LISTS = """
# list                   see               add        change     delete
providers.provider       overseers         governors  governors  governors
providers.model          overseers         governors  governors  nobody
providers.credential     overseers         governors  governors  governors
providers.modeldefault   overseers         governors  governors  governors
providers.fallback       overseers         governors  governors  governors
providers.alias          overseers         governors  governors  governors
assistants.assistant     overseers         governors  governors  nobody
policies.budgetrule      overseers         governors  governors  governors
policies.featureswitch   overseers         governors  governors  governors
policies.modelaccess     overseers         governors  governors  governors
policies.imagepolicy     overseers         governors  governors  governors
policies.guardrail       overseers         governors  governors  governors
assistants.blockedpicture overseers        governors  nobody     governors
policies.window          overseers         nobody     nobody     nobody
policies.hold            overseers         nobody     nobody     nobody
policies.loss            overseers         nobody     nobody     nobody
policies.legalhold       overseers         governors  nobody     nobody
policies.entry           overseers         nobody     nobody     nobody
policies.call            overseers         nobody     nobody     nobody
chats.chat               overseers         nobody     nobody     nobody
assistants.artifact      overseers         nobody     governors  governors
assistants.deletionproof overseers         nobody     nobody     nobody
accounts.organisation    overseers         nobody     governors  nobody
accounts.membership      overseers         nobody     governors  nobody
accounts.team            overseers         governors  governors  governors
accounts.invitation      overseers         governors  nobody     nobody
accounts.apikey          overseers         governors  nobody     nobody
axes.accessattempt       overseers         nobody     governors  nobody
accounts.auditline       overseers         nobody     nobody     nobody
accounts.user            operator,outside  nobody     operator,outside nobody
"""

# Buttons on the page of a row. `on`: a row of another kind than the list begins with.
DEEDS = """
# list                   deed            on        who may
accounts.apikey          revoke          -         governors
accounts.invitation      revoke          -         governors
accounts.membership      deactivate      -         governors
accounts.membership      reactivate      leaver    governors
accounts.membership      make_owner      -         owners
providers.provider       connection      -         governors
providers.provider       models_found    -         governors
assistants.artifact      content         -         governors
policies.legalhold       release         -         governors
providers.model          trial           drawer    governors
policies.entry           correct         -         governors
policies.loss            ask_provider    -         governors
policies.loss            refund          -         governors
policies.loss            write_off       -         governors
policies.hold            ask_again       doubt     governors
policies.hold            book            doubt     governors
policies.hold            give_back       doubt     governors
"""

# What can be done to rows chosen in a list.
ACTIONS = """
# list                   action          who may
accounts.apikey          revoke_chosen   governors
accounts.invitation      revoke_chosen   governors
accounts.membership      switch_off      governors
assistants.artifact      delete_chosen   governors
accounts.membership      switch_on       governors
axes.accessattempt       release         governors
"""

# Ids inside of what is sent: the field, and the object it names. Of one's own organisation they
# are taken; a foreign and a random one are refused alike, and nothing changes.
IDS = """
# route                  method  field            object
accounts:keys            POST    team             team
accounts:switch          POST    organisation     accounts.organisation
chats:start              POST    assistant        assistants.assistant
api:picture-check      POST    assistant        assistants.assistant
api:invitations          POST    team             team
api:keys                 POST    owner            owner
api:keys                 POST    team             team
api:member               PATCH   primary_team     team
api:team-members         PUT     members.member   member
api:models               POST    provider         providers.provider
api:model                PATCH   provider         providers.provider
api:model-defaults       PUT     model            seer
"""

# Shut for everybody: without registration, sign-in codes and passwords yet to be set there is
# nothing behind them; of the metrics whoever holds the token; Django's own index of an app.
CLOSED = {
    "/admin/<url>",
    "account_confirm_login_code",
    "account_set_password",
    "account_signup",
    "admin:app_list",
    "admin:assistants_artifact_file",  # before somebody said why; see tests/admin/test_pictures.py
    "admin:autocomplete",  # without a question; see test_in_the_admin.py for those with one
    "metrics",
    "providers:signed-in",  # without a state; see tests/providers/signing
}

# They take a POST and change nothing but a session, or nothing at all.
QUIET = {
    "account_login",
    "account_logout",
    "account_reauthenticate",
    "account_reset_password_from_key",
    "accounts:switch",
    "admin:accounts_auditline_export",
    "admin:accounts_auditline_verify",
    "admin:accounts_organisation_changelist",
    "admin:assistants_artifact_content",
    "admin:assistants_artifact_contents",
    "admin:assistants_artifact_covered",
    "admin:assistants_deletionproof_look_again",
    "admin:axes_accessattempt_change",
    "admin:policies_hold_ask_again",
    "admin:could",
    "admin:origins",
    "admin:index",
    "admin:system",
    "admin:model_reasons",
    "admin:providers_credential_sign_in",
    "admin:providers_provider_connection",
    "admin:top_models",
    "api:picture-check",
    "api:picture-origin",
    "assistants:verify",
    "api:provider-test",
    "set_language",
}
