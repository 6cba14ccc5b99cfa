"""A team at a long table in the office: people, laptops, ideas in the air."""

from providers.studio import furniture, icons, people
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, darken, mix, ramp, rgb
from providers.studio.light import light_of
from providers.studio.scenes import Stage
from providers.studio.scenes.office import WALLS, Room
from providers.studio.shapes import box

THOUGHTS = (("bulb", "f5b53d"), ("chart", "3e7bd6"), ("check", "2f9e6b"), ("chat", "8b5cf6"))


def draw(canvas: Canvas, brief: Brief) -> None:
    dice = canvas.dice("team")
    light = light_of(brief, canvas.dice("light"), usual=("day", "day", "dawn"))
    room = Room(canvas, light, mirrored=dice.random() < 0.5)
    with canvas.backdrop():
        room.walls(mix(dice.choice(WALLS), rgb("e8e2d8"), 0.25))
        room.window()
        canvas.lamp = room.lamp
        room.shelves()
        room.sunlight()
    canvas.lamp = mix(room.lamp, WHITE, 0.5)
    count = 3 if canvas.w < canvas.h * 0.8 else 4 if canvas.w < canvas.h * 1.5 else 5
    size = min(canvas.h * 0.46, canvas.w / count * 1.42)
    looks = _looks(canvas, count)
    for index in range(count):
        share = (index + 0.5) / count
        x = canvas.w * (0.04 + 0.92 * share)
        lift = dice.uniform(-0.03, 0.05) * size
        stage = Stage(x, room.desk + 8 - lift, size * dice.uniform(0.94, 1.04), canvas.lamp)
        lean = 0.07 * (1 if share < 0.5 else -1) + dice.uniform(-0.03, 0.03)
        people.Person(canvas, stage, looks[index], turn=lean).bust()
        if index % 2 == 1:
            aside = size * (0.3 if share < 0.7 else -0.34)
            _thought(canvas, x + aside, stage.floor - size * 1.12, size * 0.15, index // 2)
    with canvas.backdrop():
        room.desk_top()
    for index in range(count):
        x, y = canvas.w * (0.04 + 0.92 * (index + 0.5) / count), room.desk + canvas.h * 0.1
        if index % 2 == 0:
            _laptop(canvas, x, y, size * 0.4)
        else:
            furniture.mug(canvas, Stage(x - size * 0.22, y, size * 0.17), flip=1)
            furniture.papers(canvas, Stage(x + size * 0.05, y + canvas.h * 0.03, size * 0.22))
    canvas.lamp = WHITE


def _looks(canvas: Canvas, count: int) -> list[people.Look]:
    """Different from each other in hair and clothes."""
    dice = canvas.dice("looks")
    tops = dice.sample(people.CLOTHES, len(people.CLOTHES))
    styles = dice.sample(people.STYLES, len(people.STYLES))
    skins = dice.sample(people.SKINS, len(people.SKINS))
    return [
        people.Look(
            skins[i],
            dice.choice(people.HAIRS[:4]),
            tops[i],
            styles[i],
            glasses=i == 2,
            jacket=i % 2 == 1,
        )
        for i in range(count)
    ]


def _thought(canvas: Canvas, x: float, y: float, size: float, index: int) -> None:
    """A bubble with what is being talked about."""
    name, code = THOUGHTS[(index + canvas.dice("thoughts").randrange(4)) % len(THOUGHTS)]
    bubble = Stencil().polygon(
        box(x - size, y - size * 0.8, x + size, y + size * 0.8, radius=size * 0.5)
    )
    bubble.polygon(
        [
            (x - size * 0.6, y + size * 0.6),
            (x - size * 0.1, y + size * 0.7),
            (x - size * 0.8, y + size * 1.3),
        ]
    )
    canvas.paint(bubble, rgb("20202c"), opacity=0.22, blur=8)
    canvas.paint(bubble, WHITE)
    canvas.paint(icons.icon(name, x, y, size * 1.05), rgb(code))


def _laptop(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Seen from behind: its lid."""
    metal = ramp("dfe3ea aab1bf")
    shadow = Stencil().dot(x, y + 6, size * 0.75, size * 0.09)
    canvas.paint(shadow, rgb("2a1c18"), opacity=0.4, blur=6)
    base = Stencil().polygon(box(x - size * 0.72, y - 8, x + size * 0.72, y + 6, radius=5))
    canvas.paint(base, darken(metal[1], 0.2))
    lid = Stencil().polygon(
        box(x - size * 0.62, y - size * 0.78, x + size * 0.62, y - 4, radius=size * 0.06)
    )
    canvas.paint(lid, metal[0])
    canvas.paint(lid, metal[1], opacity=0.35)
    canvas.paint(Stencil().dot(x, y - size * 0.4, size * 0.09), WHITE, opacity=0.9)
