"""A thing to buy: on a card with its price and button, or alone on a stage."""

from collections.abc import Callable

from providers.studio import paints, wares, wording
from providers.studio.board import Board, Frame
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import Colour, darken, lighten, mix, ramp, rgb
from providers.studio.scenes import Stage
from providers.studio.shapes import box
from providers.studio.widgets import button, lines, part, stars
from providers.studio.wording import say

Ware = Callable[[Canvas, Stage, Colour], None]
# What it is called by, how it is drawn, its name and price, its share of the height.
WARES: tuple[tuple[str, Ware, str, str], ...] = (
    ("headphone kopfhörer* headset audio", wares.headphones, "Headphones|Kopfhörer", "79.00"),
    ("sneaker shoe shoes schuh* turnschuh* running", wares.sneaker, "Sneakers|Sneaker", "94.90"),
    ("watch smartwatch uhr armbanduhr", wares.watch, "Smart watch|Smartwatch", "149.00"),
    ("lamp light lampe leuchte", wares.lamp, "Table lamp|Tischlampe", "59.00"),
    (
        "bottle cosmetic shampoo skincare flasche kosmetik perfume",
        wares.bottle,
        "Body lotion|Körperlotion",
        "24.50",
    ),
    (
        "packaging package box verpackung karton mockup",
        wares.parcel,
        "Gift set|Geschenkset",
        "39.00",
    ),
)
TONES = ramp("e4572e 3d7dca 2f9e7d 7a5af8 e2557a f0a63a")


def draw(canvas: Canvas, brief: Brief) -> None:
    dice = canvas.dice("ware")
    named = next((ware for ware in WARES if brief.has(ware[0])), None)
    words, drawn, name, price = named or dice.choice(WARES[:4])
    colour = brief.colour_of(words, brief.colours[0] if brief.colours else dice.choice(TONES))
    name = wording.name_of(brief) or say(brief, name)
    if (
        brief.has("productcard produktkarte card commerce ecommerce shop")
        or canvas.h > canvas.w * 3
    ):
        _card(Board(canvas, brief, widest=1.5, tallest=1.6), drawn, colour, name, price)
    else:
        _stage(canvas, drawn, colour)


def _card(board: Board, drawn: Ware, colour: Colour, name: str, price: str) -> None:
    canvas = board.canvas
    high = min(board.h * 0.92, board.w * 1.3)
    wide = min(high * 0.74, board.w * 0.9)
    x, y = (board.left + board.right) / 2, (board.top + board.bottom) / 2
    card = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
    board.card(card, radius=44, shadow=0.3)
    view = part(card, 0.045, 0.035, 0.955, 0.56)
    plate_shape = Stencil().polygon(box(*view, radius=32))
    tones = (lighten(colour, 0.86), lighten(colour, 0.62))
    canvas.paint(plate_shape, paints.down(tones, view[1], view[3]))
    halo = (view[3] - view[1]) * 0.4
    canvas.paint(
        Stencil().dot(x, (view[1] + view[3]) / 2, halo), lighten(colour, 0.45), opacity=0.6
    )
    size = (view[3] - view[1]) * 0.74
    drawn(canvas, Stage(x, view[3] - (view[3] - view[1]) * 0.13, size), colour)
    _marks(board, view)
    _facts(board, part(card, 0.075, 0.585, 0.925, 0.96), colour, name, price)


def _marks(board: Board, view: Frame) -> None:
    """A heart, and that it is new."""
    size = (view[3] - view[1]) * 0.075
    board.canvas.paint(
        Stencil().dot(view[2] - size * 1.7, view[1] + size * 1.7, size), rgb("ffffff")
    )
    board.icon("heart", view[2] - size * 1.7, view[1] + size * 1.7, size * 1.1, rgb("ef4e6b"))
    if board.canvas.silent:
        return
    tag = (view[0] + size * 0.8, view[1] + size, view[0] + size * 3.6, view[1] + size * 2.4)
    board.pill(tag, rgb("20283c"))
    board.text(
        say(board.brief, "NEW|NEU"),
        (tag[0] + tag[2]) / 2,
        (tag[1] + tag[3]) / 2,
        size * 0.75,
        colour=rgb("ffffff"),
        weight=0.06,
    )


def _facts(board: Board, frame: Frame, colour: Colour, name: str, price: str) -> None:
    high = frame[3] - frame[1]
    wide = frame[2] - frame[0]
    board.text(
        name,
        frame[0],
        frame[1] + high * 0.1,
        high * 0.16,
        align="left",
        weight=0.05,
        room=wide * 0.62,
    )
    price = f"{price.replace('.', ',')} €" if board.brief.is_german else f"${price}"
    tone = darken(colour, 0.12)
    board.text(
        _priced(price),
        frame[2],
        frame[1] + high * 0.1,
        high * 0.16,
        align="right",
        colour=tone,
        weight=0.06,
        room=wide * 0.36,
    )
    stars(board, frame[0], frame[1] + high * 0.29, high * 0.1)
    board.text(
        "(128)",
        frame[0] + high * 0.62,
        frame[1] + high * 0.295,
        high * 0.08,
        align="left",
        colour=board.colours.muted,
    )
    lines(board, (frame[0], frame[1] + high * 0.4, frame[2], frame[1] + high * 0.58), 2)
    for index, swatch in enumerate((colour, mix(colour, rgb("20283c"), 0.75), rgb("d9dde6"))):
        x, y = frame[2] - high * (0.06 + 0.16 * index), frame[1] + high * 0.29
        if index == 0:
            board.canvas.paint(Stencil().dot(x, y, high * 0.068), rgb("20283c"))
            board.canvas.paint(Stencil().dot(x, y, high * 0.058), rgb("ffffff"))
        board.canvas.paint(Stencil().dot(x, y, high * 0.048), swatch)
    button(
        board,
        (frame[0], frame[1] + high * 0.7, frame[2], frame[3]),
        say(board.brief, "Add to cart|In den Warenkorb"),
        rgb("20283c"),
        symbol="cart",
    )


def _priced(price: str) -> str:
    return price.replace("€", "EUR")


def _stage(canvas: Canvas, drawn: Ware, colour: Colour) -> None:
    """On a plinth before a plain wall, in soft light."""
    x, size = canvas.w / 2, min(canvas.w * 0.86, canvas.h) * 0.58
    floor = canvas.h * 0.5 + size * 0.46
    wall = lighten(colour, 0.72)
    with canvas.backdrop():
        canvas.fill(paints.down((lighten(wall, 0.4), wall), 0, floor))
        canvas.paint(
            Stencil().dot(x, floor - size * 0.52, size * 0.62), lighten(colour, 0.5), opacity=0.7
        )
        table = Stencil().polygon(
            [(0, floor + 30), (canvas.w, floor + 30), (canvas.w, canvas.h), (0, canvas.h)]
        )
        canvas.paint(
            table, paints.down((lighten(colour, 0.6), lighten(colour, 0.42)), floor, canvas.h)
        )
        half, thick = size * 0.72, size * 0.16
        canvas.paint(
            Stencil().dot(x, floor + thick + 14, half * 1.06, half * 0.14),
            rgb("2a2438"),
            opacity=0.3,
            blur=16,
        )
        side = Stencil().dot(x, floor + thick, half, half * 0.13)
        side.polygon(box(x - half, floor, x + half, floor + thick))
        white = ramp("cfd3dc ffffff e4e7ee b4bac8")
        canvas.paint(side, paints.across(white, x - half, x + half))
        canvas.paint(Stencil().dot(x, floor, half, half * 0.13), rgb("fbfbfd"))
        canvas.glow(x - size * 0.5, floor - size, size, rgb("fff6e6"), 0.3)
    drawn(canvas, Stage(x, floor + size * 0.02, size), colour)
