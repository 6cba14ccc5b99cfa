"""One thing that has a pictogram and no scene of its own, large and in relief."""

from providers.studio import icons, paints
from providers.studio.board import Board
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, darken, lighten, rgb, shift


def draw(canvas: Canvas, brief: Brief) -> None:
    board = Board(canvas, brief, plain=True)
    colour = board.colours.accent(canvas.dice("symbol").randrange(5) if not brief.colours else 0)
    name = icons.meaning(" ".join(brief.words), "star")
    if name == "heart" and not brief.colours:
        colour = rgb("e2445c")
    x, y = (board.left + board.right) / 2, (board.top + board.bottom) / 2
    size = min(board.w, board.h)
    with canvas.backdrop():
        canvas.fill(
            paints.radial(
                (lighten(colour, 0.9), lighten(colour, 0.68)), x, y, max(canvas.w, canvas.h) * 0.7
            )
        )
        canvas.paint(Stencil().dot(x, y, size * 0.41), WHITE, opacity=0.55)
    shadow = icons.icon(name, x + size * 0.012, y + size * 0.03, size * 0.56)
    canvas.paint(shadow, darken(colour, 0.6), opacity=0.35, blur=size * 0.016)
    edge = icons.icon(name, x, y + size * 0.012, size * 0.56)
    canvas.paint(edge, darken(colour, 0.4))
    tones = (lighten(colour, 0.35), colour, shift(colour, light=-0.06, hue=-14))
    form = icons.icon(name, x, y, size * 0.56)
    canvas.paint(
        form, paints.linear(tones, (x, y - size * 0.28), (x + size * 0.1, y + size * 0.28))
    )
    gloss = Stencil().dot(x - size * 0.08, y - size * 0.24, size * 0.3, size * 0.18)
    canvas.paint(gloss, WHITE, opacity=0.16, clip=form, blur=size * 0.01)
