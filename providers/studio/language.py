"""Studio's chat model: reads a conversation, draws by calling the image tool, and says what it is.

Deterministic, in English and German. It knows nothing but pictures, and says so.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from providers.studio.phrases import Language, asks_for_a_subject, language_of, say
from providers.studio.wishes import (
    Wish,
    picked,
    refine,
    refuses,
    retouches,
    tokens,
    understand,
    wish_for,
    words,
)

Message = dict[str, Any]

LONGEST = 2000  # characters of a message that are read: it runs on the event loop
IMAGE_TOOLS = ("image_generation", "image_generate", "generate_image")
GREETINGS = words("hi hello hey hiya greetings hallo moin servus grüezi tag morgen morning abend")
THANKS = words(
    "thanks thank thx cheers great nice cool perfect lovely wow ok okay danke dankeschön merci "
    "super toll schön prima perfekt"
)
FAREWELLS = words("bye goodbye tschüss ciao wiedersehen")
HELP = re.compile(
    r"\bhelp\b|\bhilfe\b|what (?:can|do) you (?:do|draw)|who are you|what are you|are you (?:an? )?"
    r"(?:ai|robot|bot|human|model)|how (?:do|can) i|was kannst du|wer bist du|was bist du|"
    r"bist du (?:eine? )?(?:ki|roboter|mensch)|wie (?:kann|geht)|can you (?:draw|paint)\W*$|"
    r"kannst du (?:zeichnen|malen)\W*$",
    re.IGNORECASE,
)


def reply(messages: list[Message], tools: list[Message]) -> Iterator[dict[str, Any]]:
    """Pieces as on the wire: text word by word, tool calls whole, and the usage at the end."""
    answer = _answer(messages, tools)
    if isinstance(answer, str):
        spoken = answer
        for word in re.findall(r"\S+\s*", answer):
            yield {"text": word}
    else:
        spoken = answer["arguments"]
        yield {"tool_call": answer}
    heard = sum(4 + _tokens_in(_text(message)) for message in messages)
    offered = _tokens_in(json.dumps(tools)) if tools else 0
    yield {"usage": {"input_tokens": heard + offered, "output_tokens": _tokens_in(spoken)}}


def _answer(messages: list[Message], tools: list[Message]) -> str | dict[str, Any]:
    language = _language(messages)
    if messages and messages[-1].get("role") == "tool":
        return _closing(messages, language)
    wish, phrase = _next_step(messages)
    if wish is None:
        return say(phrase, language)
    tool = next((tool for tool in tools if _function(tool).get("name") in IMAGE_TOOLS), None)
    if tool is None:
        reason = _reason(messages)
        return say("unavailable because" if reason else "unavailable", language, reason=reason)
    function = _function(tool)
    if sources := _to_retouch(function, messages):
        return _call(Wish(_said(messages)), function, messages, images=sources)
    return _call(wish, function, messages)


def _next_step(messages: list[Message]) -> tuple[Wish | None, str]:
    """The picture to make, or the phrase to say."""
    text, last = _said(messages), _last_wish(messages)
    asked = any(asks_for_a_subject(_text(m)) for m in messages[-2:-1])
    if refuses(text):
        return None, "no picture"
    wish = (refine(text, last) if last else None) or understand(text)
    if wish is None and asked and not _small_talk(text):
        wish = wish_for(text)
    if wish:
        return (wish, "") if wish.prompt else (None, "what")
    if refine(text, Wish("")) and not _small_talk(text):
        return None, "nothing yet"
    return None, _small_talk(text) or ("blind" if _shows_a_picture(messages) else "honest")


def _small_talk(text: str) -> str:
    said = {token.word for token in tokens(text)}
    if HELP.search(text):
        return "help"
    if len(said) <= 8 and said & THANKS:
        return "thanks"
    if len(said) <= 5 and said & FAREWELLS:
        return "bye"
    return "greeting" if len(said) <= 5 and said & GREETINGS else ""


def _closing(messages: list[Message], language: Language) -> str:
    """One sentence after the tool has run."""
    result, wish = _parsed(messages[-1].get("content")), _last_wish(messages)
    error = result.get("error")
    if error:
        code = error.get("code") if isinstance(error, dict) else ""
        if code == "cancelled":
            return say("stopped", language)  # they did it, and the card says what it cost
        message = error.get("message") if isinstance(error, dict) else error
        reason = str(message or say("no reason", language)).strip()
        reason = reason if reason[-1] in ".!?" else f"{reason}."
        phrase = "yes first" if code == "confirmation_required" else "failed"
        return say(phrase, language, reason=reason)
    if _is_a_change(messages):
        return say("changed", language)
    prompt, n = (wish.prompt, wish.n or 1) if wish else ("", 1)
    prompt = prompt.strip().rstrip(".!?") or "…"
    return say("done all" if n > 1 else "done", language, n=n, prompt=prompt)


def _is_a_change(messages: list[Message]) -> bool:
    calls: list[Message] = next(
        (m["tool_calls"] for m in reversed(messages) if m.get("tool_calls")), []
    )
    return any(_parsed(_function(call).get("arguments")).get("images") for call in calls)


def _to_retouch(function: Message, messages: list[Message]) -> list[str]:
    """The picture to change, where the change leaves the drawing as it is: "make it brighter"."""
    text, last = _said(messages), _last_wish(messages)
    shown = _shown(messages)
    if "images" not in _properties(function) or not (shown and last):
        return []
    if refine(text, last) is None or not retouches(text):
        return []
    number = picked(text) or -1
    place = number - 1 if number > 0 else number
    return [shown[place]] if -len(shown) <= place < len(shown) else []


def _shown(messages: list[Message]) -> list[str]:
    """The ids of the pictures that were made last."""
    for message in reversed(messages):
        if message.get("role") == "tool":
            made = _parsed(message.get("content")).get("images")
            rows = made if isinstance(made, list) else []
            ids = [row.get("id") for row in rows if isinstance(row, dict)]
            if found := [each for each in ids if isinstance(each, str)]:
                return found
    return []


def _properties(function: Message) -> Message:
    found = function.get("parameters", {}).get("properties")
    return found if isinstance(found, dict) else {}


def _call(wish: Wish, function: Message, messages: list[Message], **more: Any) -> dict[str, Any]:
    known = _properties(function)
    said = {**wish.arguments(), **more}
    arguments = {name: said[name] for name in said if not known or name in known}
    # The same conversation gives the same id; the next turn of it another one.
    seed = f"{len(messages)}:{json.dumps(arguments, sort_keys=True)}"
    digest = hashlib.sha256(seed.encode()).hexdigest()[:24]
    text = json.dumps(arguments, ensure_ascii=False)
    return {"id": f"call_{digest}", "name": function["name"], "arguments": text}


def _function(tool: Message) -> Message:
    """The function of a tool, in the nested shape of chat completions or in the flat one."""
    nested = tool.get("function")
    return nested if isinstance(nested, dict) else tool


def _last_wish(messages: list[Message]) -> Wish | None:
    for message in reversed(messages):
        for call in reversed(message.get("tool_calls") or ()):
            function = _function(call)
            if function.get("name") not in IMAGE_TOOLS:
                continue
            said = _parsed(function.get("arguments"))
            if said.get("images"):  # a change of a picture: what it shows was said before
                continue
            n = said.get("n")
            details = {name: str(said.get(name) or "") for name in ("size", "quality", "style")}
            prompt = str(said.get("prompt") or "")
            return Wish(prompt, n=n if isinstance(n, int) else None, **details)
    return None


def _reason(messages: list[Message]) -> str:
    """Why there is no image tool, if the caller says so in a line of a system message."""
    for message in messages:
        if message.get("role") in ("system", "developer"):
            for line in _text(message).splitlines():
                if line.strip().startswith("image_generation:"):
                    return line.partition(":")[2].strip()
    return ""


def _language(messages: list[Message]) -> Language:
    for message in reversed(messages):
        if message.get("role") == "user" and (language := language_of(_text(message))):
            return language
    return "en"


def _said(messages: list[Message]) -> str:
    spoken = (m for m in reversed(messages) if m.get("role") == "user")
    return " ".join(_text(next(spoken, {}))[:LONGEST].split())


def _shows_a_picture(messages: list[Message]) -> bool:
    content = messages[-1].get("content") if messages else None
    parts = content if isinstance(content, list) else []
    return any("image" in str(part.get("type")) for part in parts if isinstance(part, dict))


def _text(message: Message) -> str:
    content = message.get("content")
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, dict))
        return "\n".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _parsed(content: object) -> dict[str, Any]:
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except ValueError:
            return {}
    return content if isinstance(content, dict) else {}


def _tokens_in(text: str) -> int:
    return -(-len(text) // 4)
