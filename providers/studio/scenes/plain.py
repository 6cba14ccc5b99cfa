"""A photographer's backdrop: one colour, a soft circle of light, a floor."""

from providers.studio import paints
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import darken, lighten, mix, ramp, rgb, shift
from providers.studio.scenes import Stage

PAPERS = ramp("f3d9c6 d9e6e3 e4ddf0 f6e3b8 cfdff0 f2cfd0 dbe7cd")
DARK_PAPERS = ramp("1f2a44 2a2440 173a40 3a2436")


def draw(canvas: Canvas, brief: Brief) -> Stage:
    dice = canvas.dice("plain")
    dark = brief.time in ("night", "dusk") or brief.brightness < 0
    paper = dice.choice(DARK_PAPERS if dark else PAPERS)
    if brief.mood_colours:
        paper = mix(brief.mood_colours[0], rgb("182038") if dark else rgb("fff8ee"), 0.4)
    x, floor = canvas.w / 2, canvas.h * 0.86
    size = min(canvas.w, canvas.h)
    with canvas.backdrop():
        canvas.fill(paints.down((lighten(paper, 0.2), paper, darken(paper, 0.14)), 0, floor))
        halo = Stencil().dot(x, floor - size * 0.42, size * 0.39)
        tint = shift(paper, light=0.05 if dark else -0.045, chroma=1.35)
        canvas.paint(halo, paints.down((lighten(tint, 0.25), tint), floor - size * 0.8, floor))
        ground = Stencil().polygon(
            [(0, floor - 34), (canvas.w, floor - 34), (canvas.w, canvas.h), (0, canvas.h)]
        )
        canvas.paint(
            ground,
            paints.down((darken(paper, 0.05), darken(paper, 0.2)), floor - 34, canvas.h),
            blur=1,
        )
        canvas.glow(x - size * 0.2, floor - size * 0.75, size * 0.6, rgb("fff4e0"), 0.25)
    return Stage(x, floor + 20, min(canvas.h * 0.76, canvas.w * 0.84))
