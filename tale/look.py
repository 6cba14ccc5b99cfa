"""How the admin looks, in the words of its theme: the colours of static/tale.css.

Only data, and functions the theme calls later: settings.py reads this before any app is loaded.
"""

from django.http import HttpRequest
from django.templatetags.static import static


def style(_request: HttpRequest) -> str:
    return static("admin.css")


def script(_request: HttpRequest) -> str:
    return static("admin.js")


def icon(_request: HttpRequest) -> str:
    return static("favicon.svg")


UNFOLD = {
    "SITE_TITLE": "Tale",
    "SITE_HEADER": "Tale",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": icon}],
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [style],
    "SCRIPTS": [script],
    "BORDER_RADIUS": "10px",
    "COLORS": {
        "base": {
            "50": "#f7f8f4",
            "100": "#eef1ea",
            "200": "#dbe1d8",
            "300": "#c6cfc5",
            "400": "#94a19a",
            "500": "#616d67",
            "600": "#48554f",
            "700": "#3d4a45",
            "800": "#26312c",
            "900": "#161e1b",
            "950": "#0d1311",
        },
        "primary": {
            "50": "#eff7f3",
            "100": "#dfeee7",
            "200": "#bcd6c8",
            "300": "#93e3ca",
            "400": "#6fd3b4",
            "500": "#6fd3b4",
            "600": "#0f6b57",
            "700": "#0a5344",
            "800": "#0a4438",
            "900": "#08352c",
            "950": "#06231b",
        },
    },
}
