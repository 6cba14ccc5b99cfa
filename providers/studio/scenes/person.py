"""Somebody: a portrait on a plain ground, standing in a place."""

from providers.studio import people
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas
from providers.studio.scenes import Stage, first

CLOSE = "portrait headshot closeup close porträt bewerbungsfoto avatar"
WOMAN = "woman women girl lady she female frau frauen mädchen her"
MAN = "man men boy gentleman he male mann männer junge his"
CLOTHES = "shirt jacket dress suit sweater hemd jacke kleid anzug pullover"


def draw(canvas: Canvas, brief: Brief, stage: Stage) -> None:
    woman = True if brief.has(WOMAN) else False if brief.has(MAN) else None
    top = brief.colour_of(CLOTHES, (0, 0, 0))
    look = people.look(canvas.dice("person"), woman=woman, top=top if any(top) else None)
    if first(brief, "place") and not brief.has(CLOSE):
        people.standing(canvas, stage, look)
        return
    size = min(canvas.h * 0.86, canvas.w * 1.05)
    turn = canvas.dice("turn").uniform(-0.05, 0.05)
    people.Person(canvas, Stage(canvas.w / 2, canvas.h, size, stage.lamp), look, turn=turn).bust()
