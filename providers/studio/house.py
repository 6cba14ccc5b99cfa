"""A gabled house seen from a corner: front with door, shaded side, roof, chimney with smoke."""

from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, darken, lighten, mix, ramp, rgb
from providers.studio.easel import Easel
from providers.studio.light import Light
from providers.studio.scenes import Stage

WORDS = "house home cottage cabin farm* barn villa hut haus hütte bauernhof *haus *häuschen"
STYLES = ("f4ead8 a8473a", "f1e4d0 4f5d6e", "e9d3ae 8a4b36", "dfe5e4 b0553f")  # wall, roof
FRONT = "-50,0 -50,44 -18,82 14,44 14,0"
SIDE = "14,0 14,45 66,45 66,0"
ROOF = "-18,86 42,86 74,40 14,40"
GABLE_EDGE = "-56,37 -18,86 17,40 14,37 -18,80 -53,35"
# Centre, then half width and half height.
FRONT_WINDOWS = ((-38.0, 25.0, 6.0, 7.0), (5.0, 25.0, 5.0, 7.0), (-18.0, 53.0, 5.5, 6.5))
SIDE_WINDOWS = ((30.0, 26.0, 6.0, 7.5), (51.0, 26.0, 6.0, 7.5))
LAMPLIGHT = ramp("ffe9a8 ffbf5e")


class House:
    def __init__(self, canvas: Canvas, brief: Brief, light: Light, stage: Stage) -> None:
        self.easel, self.canvas, self.light = Easel(canvas, stage), canvas, light
        wall, roof = ramp(canvas.dice("house").choice(STYLES))
        self.wall = light.on(brief.colour_of(WORDS, wall))
        self.roof = light.on(brief.colour_of("roof dach", roof))
        self.tiles = light.on(rgb("f2f6fa")) if brief.season == "winter" else self.roof
        self.lit = light.is_dark or light.time == "sunset"

    def draw(self) -> None:
        shadow = self.easel.ovals((10, -1.5, 86, 7.5))
        self.easel.paint(shadow, rgb("121c1a"), opacity=0.5, blur=4)
        self.chimney()
        self.walls()
        self.roofing()
        self.door()
        for window in (*FRONT_WINDOWS, *SIDE_WINDOWS):
            self.window(*window)

    def chimney(self) -> None:
        easel, tones = self.easel, (darken(self.roof, 0.1), darken(self.roof, 0.4))
        stack = Stencil().polygon(easel.points("22,68 33,68 33,100 22,100"))
        easel.paint(stack, easel.across(tones, 22, 33))
        smoke, dice = mix(self.light.haze, WHITE, 0.4), self.canvas.dice("smoke")
        for share in (puff / 8 for puff in range(9)):
            radius = 3 + 10 * share
            x, y = 27.5 + 50 * share**1.4, 105 + 55 * share + dice.uniform(-1.6, 1.6)
            puff = easel.ovals((x, y, radius, radius))
            easel.paint(puff, smoke, opacity=0.34 * (1 - share) + 0.03, blur=1.6 + 3.6 * share)

    def walls(self) -> None:
        easel, wall = self.easel, self.wall
        shade = mix(darken(wall, 0.24), self.light.sky[0], 0.14)
        side = Stencil().polygon(easel.points(SIDE))
        easel.paint(side, easel.across((shade, darken(shade, 0.1)), 14, 70))
        front = Stencil().polygon(easel.points(FRONT))
        easel.paint(front, easel.down((lighten(wall, 0.08), wall, darken(wall, 0.14)), 80, 0))
        plinth = Stencil().polygon(easel.points("-50,-1 -50,5 66,5 66,-1"))
        easel.paint(plinth, darken(wall, 0.5), opacity=0.7)

    def roofing(self) -> None:
        easel, tiles = self.easel, self.tiles
        roof, courses = Stencil().polygon(easel.points(ROOF)), Stencil()
        easel.paint(roof, easel.down((lighten(tiles, 0.12), tiles, darken(tiles, 0.18)), 86, 40))
        for share in (row / 9 for row in range(1, 9)):
            courses.line(easel.points("0,0 60,0", x=32 * share - 18, y=86 - 46 * share), 1.4)
        easel.paint(courses, darken(tiles, 0.45), opacity=0.35, clip=roof)
        easel.paint(Stencil().polygon(easel.points(GABLE_EDGE)), lighten(tiles, 0.2))

    def door(self) -> None:
        easel = self.easel
        easel.paint(easel.plate(-19, 13, 7, 13.5, 2), easel.down(ramp("7a4a34 54301f"), 27, 0))
        easel.paint(easel.ovals((-14.5, 13, 1, 1)), rgb("e8c36a"))

    def window(self, x: float, y: float, wide: float, high: float) -> None:
        easel, light, frame = self.easel, self.light, self.light.on(rgb("fbf7ee"))
        easel.paint(easel.plate(x, y, wide + 1.4, high + 1.4, 0), frame)
        dim = rgb("31465c")
        glass = (
            LAMPLIGHT if self.lit else (mix(light.sky[1], dim, 0.45), mix(light.sky[-1], dim, 0.35))
        )
        easel.paint(easel.plate(x, y, wide, high, 0), easel.down(glass, y + high, y - high))
        cross = easel.plate(x, y, wide, 0.5, 0).polygon(
            easel.points(f"-0.5,{-high} 0.5,{-high} 0.5,{high} -0.5,{high}", x=x, y=y)
        )
        easel.paint(cross, frame)
        if self.lit:
            self.canvas.glow(*easel.at(x, y), easel.size(wide * 4.8), LAMPLIGHT[1], 0.5)
