"""A "no" as data. Raised anywhere, rendered by the edge that answers.

    Refusal          the user or an admin must act    a code of docs/errors.md
    Retryable        we try again, later
    ModelMistake     the model tries again
    Misconfigured    an admin must mend a setting

Anything else is a bug, and only a bug is logged as an error.
"""

import json
from typing import Any

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

Text = str | Promise

STATUS_OF: dict[str, int] = {
    code: status
    for status, codes in {
        400: """invalid_json invalid_type invalid_value invalid_choice invalid_characters
            invalid_encoding invalid_number invalid_date invalid_range invalid_timezone
            invalid_cursor invalid_header invalid_host invalid_filename invalid_multipart
            invalid_payload invalid_state invalid_idempotency_key invalid_challenge
            invalid_relay_state incomplete_body duplicate_field unknown_field unknown_parameter
            unsupported_parameter unsupported_for_model incompatible_parameters content_policy
            required missing_required_parameter blank null_not_allowed out_of_range too_long
            too_many_items too_many_files too_many_frames too_many_decimals range_too_long
            empty_file corrupt_image image_too_large archive_too_large malware_detected
            url_not_allowed ambiguous_credentials lookup_not_allowed""",
        401: """unauthenticated invalid_api_key api_key_expired api_key_revoked invalid_token
            invalid_signature stale_signature session_expired account_disabled""",
        403: """forbidden csrf_failed insufficient_scope scope_escalation field_not_allowed
            model_not_allowed tool_not_allowed image_generation_off organization_suspended
            email_not_verified domain_not_allowed ip_not_allowed invalid_link link_expired
            invalid_verify_token append_only""",
        404: "not_found model_not_found",
        405: "method_not_allowed",
        406: "not_acceptable",
        409: "request_in_progress already_exists cancelled",
        410: "gone",
        412: "revision_conflict",
        413: "request_too_large file_too_large",
        415: "unsupported_media_type unsupported_file_type unsupported_charset",
        422: """price_unknown idempotency_key_reused image_generation_unavailable
            confirmation_required""",
        429: "budget_exceeded rate_limited",
        500: "internal_error",
        502: """provider_error provider_bad_reply provider_reply_too_large provider_bad_image
            provider_auth provider_rate_limited provider_image_gone""",
        503: "storage_unavailable database_unavailable",
        504: "provider_timeout",
        507: "storage_full",
    }.items()
    for code in codes.split()
}

TEXT_OF: dict[str, Text] = {
    "unauthenticated": _("Sign in, or send an API key."),
    "invalid_api_key": _("This API key is not known. Check that it was copied whole."),
    "api_key_expired": _("This API key has expired. Create a new one."),
    "api_key_revoked": _("This API key was revoked. Create a new one."),
    "account_disabled": _("This account is switched off. Ask an administrator."),
    "ambiguous_credentials": _("Send one credential only, not two."),
    "forbidden": _("You may not do this. Ask an administrator of your organisation."),
    "csrf_failed": _("This page is too old to send. Reload it and try again."),
    "insufficient_scope": _("This API key lacks the scope for this. Use a key that has it."),
    "scope_escalation": _("A key cannot be given more than its maker may do."),
    "ip_not_allowed": _("This API key may not be used from this address."),
    "organization_suspended": _("This organisation is suspended. Ask its owner."),
    "append_only": _("This record can only be added to, never changed or deleted."),
    "invalid_link": _("This link is not valid. Ask for a new one."),
    "link_expired": _("This link has expired. Ask for a new one."),
    "not_found": _("There is nothing here, or it is not yours to see."),
    "method_not_allowed": _("This address does not take that method."),
    "not_acceptable": _("This address answers JSON only."),
    "request_in_progress": _("The same request is being worked on."),
    "already_exists": _("This exists already."),
    "cancelled": _("This was stopped."),
    "gone": _("This was deleted."),
    "revision_conflict": _("This was changed meanwhile. Load it again and repeat your change."),
    "request_too_large": _("This request is too large."),
    "unsupported_media_type": _("Send this as application/json."),
    "unsupported_charset": _("Send this as UTF-8."),
    "invalid_json": _("This is not valid JSON."),
    "unknown_field": _("This field is not known here. Remove it."),
    "unknown_parameter": _("This parameter is not known here. Remove it."),
    "unsupported_parameter": _("This parameter is not taken here. Remove it."),
    "unsupported_for_model": _("This model cannot do that. Choose another model."),
    "model_not_allowed": _("This model is not yours to use. Choose another one."),
    "url_not_allowed": _("This address may not be reached from here."),
    "required": _("This field is required."),
    "missing_required_parameter": _("This parameter is required."),
    "blank": _("This field may not be empty."),
    "field_not_allowed": _("This field cannot be set here."),
    "lookup_not_allowed": _("This list cannot be asked for that."),
    "invalid_choice": _("This is not one of the choices."),
    "invalid_type": _("This is not the right type."),
    "invalid_value": _("This value is not right."),
    "invalid_date": _("Send a day such as 2026-11-21."),
    "invalid_cursor": _("This cursor is not of this list. Take `next_cursor` of the page before."),
    "invalid_token": _("This token is not known."),
    "invalid_payload": _("This request is not one we can read. Send it again, whole."),
    "invalid_idempotency_key": _("This idempotency key is not one we can keep."),
    "incomplete_body": _("This request broke off. Send it again, whole."),
    "duplicate_field": _("This field is sent twice."),
    "null_not_allowed": _("Null is not taken here. Leave it out instead."),
    "too_many_items": _("These are too many. Send fewer."),
    "invalid_characters": _("There are characters in this that are not text."),
    "invalid_number": _("This is not a number as we take it."),
    "invalid_range": _("This ends before it begins."),
    "range_too_long": _("This time is too long. Choose a shorter one."),
    "out_of_range": _("This is more, or less, than is possible here."),
    "too_long": _("This is too long. Shorten it."),
    "incompatible_parameters": _("These two do not go together."),
    "empty_file": _("This file is empty."),
    "file_too_large": _("This file is too large. Send a smaller one."),
    "image_too_large": _("This picture has too many pixels. Make it smaller."),
    "corrupt_image": _("This picture is damaged. Save it again and send that."),
    "too_many_frames": _("This animation is too long. Send one picture."),
    "unsupported_file_type": _("Send a PNG, JPEG or WebP picture."),
    "invalid_multipart": _("This form is damaged. Send it again, whole."),
    "storage_full": _(
        "Your storage is full. Delete pictures you no longer need under My pictures, "
        "or ask an administrator for more room."
    ),
    "too_many_files": _("These are too many files. Send fewer."),
    "storage_unavailable": _("The store of pictures does not answer. Try again in a minute."),
    "content_policy": _("The provider refuses to make this. Ask for something else."),
    "provider_error": _("The provider could not answer. Try again later."),
    "provider_timeout": _("The provider took too long. Try again later."),
    "provider_rate_limited": _("The provider is busy. Try again in a minute."),
    "provider_bad_reply": _("The provider sent something unusable. Try again later."),
    "provider_bad_image": _("The provider sent something that is no picture. Try again later."),
    "provider_auth": _("The provider does not accept our key. Ask an administrator."),
    "internal_error": _("Something broke on our side. It was recorded under the request id."),
    "rate_limited": _("Too many requests. Wait a moment and try again."),
    "database_unavailable": _("The database does not answer. Try again in a few seconds."),
    "price_unknown": _(
        "This model has no price, so nothing was spent. "
        "An administrator can set one under Providers & models, Prices."
    ),
    "confirmation_required": _("This costs more than is spent without your yes."),
    "image_generation_unavailable": _(
        "Image generation is unavailable: no model is tagged Image generation. "
        "An administrator can add one under Providers & models."
    ),
    "image_generation_off": _("Image generation is switched off here."),
    "model_not_found": _("This model does not exist or is not yours to use."),
    "idempotency_key_reused": _("This idempotency key was used with another request."),
}

# Where the details name what would do, so does the text.
TEXT_WITH: dict[tuple[str, str], Text] = {
    ("invalid_choice", "choices"): _("This is not one of the choices. Choose one of: %(choices)s."),
    ("out_of_range", "least"): _("This is not between %(least)s and %(most)s."),
    ("too_long", "most"): _("This is longer than %(most)s characters. Shorten it."),
    ("too_many_items", "most"): _("Send no more than %(most)s."),
    ("too_many_files", "most"): _("These are too many files. Send no more than %(most)s."),
    ("file_too_large", "limit_bytes"): _(
        "This file is larger than %(limit_mib)s MiB. Make it smaller."
    ),
    ("request_too_large", "limit_bytes"): _("This request is larger than %(limit_mib)s MiB."),
    ("invalid_idempotency_key", "most"): _("An idempotency key has at most %(most)s characters."),
    ("unsupported_parameter", "only"): _(
        "Only %(only)s is taken here. Send that, or leave it out."
    ),
    ("invalid_json", "line"): _("This is not valid JSON: see line %(line)s, column %(column)s."),
}
# What a field takes, by the name that its details give it.
TYPE_TEXTS = {
    "string": _("Send text here."),
    "integer": _("Send a whole number here, without quotes."),
    "boolean": _("Send true or false here, without quotes."),
    "array": _("Send a list here."),
    "object": _("Send an object here."),
    "file": _("Send a file here."),
}
MIB = 2**20


def _filled(text: Text, words: dict[str, Any]) -> str:
    return str(text % words)


# A text with words in it, in the language of whoever reads it and not of the thread that wrote it.
filled = lazy(_filled, str)


def usual_text(code: str, details: dict[str, Any]) -> Text:
    if code == "invalid_type" and details.get("expected"):
        return TYPE_TEXTS[details["expected"]]
    for (of_code, detail), text in TEXT_WITH.items():
        if code == of_code and detail in details:
            return filled(text, _words(details))
    return TEXT_OF.get(code) or code.replace("_", " ")


def _words(details: dict[str, Any]) -> dict[str, Any]:
    words = dict(details)
    if "choices" in details:
        words["choices"] = ", ".join(map(str, details["choices"]))
    if "limit_bytes" in details:
        words["limit_mib"] = details["limit_bytes"] // MIB
    if "only" in details:
        words["only"] = json.dumps(details["only"])
    return words


class Refusal(Exception):
    """`details` are data for the one who asked: they travel to the API, the card and the audit."""

    code = "forbidden"

    def __init__(
        self,
        code: str = "",
        message: Text = "",
        *,
        field: str = "",
        retry_after_s: int = 0,
        **details: Any,
    ) -> None:
        self.code = code or self.code
        self.status = STATUS_OF[self.code]
        self.message = message or usual_text(self.code, details)
        self.field = field
        self.retry_after_s = retry_after_s
        self.details = details
        super().__init__(self.code)

    def __str__(self) -> str:
        return str(self.message)


class NotFound(Refusal):
    code = "not_found"


class Retryable(Exception):
    pass


class ModelMistake(Exception):
    """Goes back to the model as text, which may try again."""


class Misconfigured(Exception):
    pass
