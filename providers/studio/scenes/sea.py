"""Open water under a wide sky: a headland, a sail, surf on a beach, sometimes a palm."""

from math import pi, sin

from providers.studio import paints, sky, textures
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import darken, lighten, mix, rgb
from providers.studio.easel import Easel
from providers.studio.light import Light, light_of
from providers.studio.plants import palm
from providers.studio.scenes import Stage, has_figure
from providers.studio.shapes import Point, Points, ridge
from providers.studio.sky import Sun
from providers.studio.terrain import in_front, under

BEACH = "beach strand* sand sandy coast shore küste* ufer bucht bay island insel* tropical"
# Rows of waves per 1000 units, where they begin and how far they go, and how strong they are.
WAVES = ((120, 0.0, 0.4, 0.3), (46, 0.12, 0.6, 0.42), (20, 0.34, 0.66, 0.4))
PALM = "palm palm* tropical tropisch* island insel karibik* caribbean hawaii"


def draw(canvas: Canvas, brief: Brief) -> Stage:
    dice = canvas.dice("sea")
    light = light_of(brief, canvas.dice("light"), usual=("sunset", "day", "day"))
    horizon = canvas.h * dice.uniform(0.44, 0.54)
    beach = brief.has(BEACH) or dice.random() < 0.55 or has_figure(brief)
    sun = sky.paint_sky(canvas, brief, light, horizon)
    _headland(canvas, light, sun, horizon)
    _water(canvas, brief, light, horizon, canvas.h * (0.86 if beach else 1.0))
    if brief.weather not in sky.GREY:
        _glitter(canvas, light, sun, horizon)
    _boat(canvas, light, sun, horizon)
    if beach:
        _beach(canvas, light, canvas.h * dice.uniform(0.78, 0.84))
    if brief.has(PALM) or (beach and dice.random() < 0.5):
        _palms(canvas, light, sun)
    if not light.is_dark:
        x, tone = canvas.w * dice.uniform(0.3, 0.7), darken(light.sky[0], 0.3)
        sky.birds(canvas, x, horizon * 0.5, tone, 4)
    return in_front(canvas, light)


def _headland(canvas: Canvas, light: Light, sun: Sun, horizon: float) -> None:
    dice = canvas.dice("headland")
    from_left = sun.x > canvas.w / 2
    for distance, reach, tall in ((0.8, 0.52, 62), (0.6, 0.36, 44)):
        heights = ridge(dice, 1.0, steps=90, roughness=0.5)
        last = len(heights) - 1
        line: Points = []
        for index, height in enumerate(heights):
            share = index / last
            x = canvas.w * reach * share
            y = horizon - tall * (1 - share) ** 0.6 * (0.9 + 0.45 * height)
            line.append((x if from_left else canvas.w - x, min(y, horizon)))
        edge = 0.0 if from_left else canvas.w
        land = Stencil().polygon([*line, (line[-1][0], horizon + 1), (edge, horizon + 1)])
        colour = light.on(rgb("46586b"), distance)
        tones = (colour, mix(colour, light.haze, 0.5))
        canvas.paint(land, paints.down(tones, horizon - tall, horizon))


def _water(canvas: Canvas, brief: Brief, light: Light, horizon: float, end: float) -> None:
    tropical = brief.has(PALM) or brief.has(BEACH)
    deep = mix(light.on(rgb("0c5f86" if tropical else "0f4c78")), light.sky[0], 0.35)
    shallow = mix(light.on(rgb("3cc4bd" if tropical else "2a86a0")), light.sky[1], 0.2)
    near_sky = mix(light.sky[-1], light.haze, 0.5)
    far = (mix(near_sky, deep, 0.35), mix(near_sky, deep, 0.75))
    tints = (*far, deep, mix(deep, shallow, 0.55), shallow)
    surface = under(canvas, [(0, horizon), (canvas.w, horizon)])
    canvas.paint(surface, paints.down(tints, horizon, end))
    depth = canvas.h - horizon
    for rows, top, height, peak in WAVES:
        noise = canvas.noise(f"waves {rows}", (rows / 11, rows), depth * height, octaves=3)
        start = horizon + depth * top
        dark = textures.threshold(noise, 0.62, 0.95, peak)
        canvas.paint_mask(textures.fade(dark), darken(deep, 0.35), top=start)
        bright = textures.threshold(textures.inverted(noise), 0.6, 0.9, peak * 0.9)
        canvas.paint_mask(textures.fade(bright), mix(light.sky[-1], light.glow, 0.4), top=start)


def _glitter(canvas: Canvas, light: Light, sun: Sun, horizon: float) -> None:
    """The path of light below the sun: thin far away, broken and wide when near."""
    dice = canvas.dice("glitter")
    depth = canvas.h - horizon
    sparks = Stencil()
    for _ in range(canvas.many(420)):
        share = dice.random() ** 1.5
        y = horizon + 3 + depth * share
        x = dice.gauss(sun.x, 16 + 120 * share)
        length = dice.uniform(4, 10 + 46 * share)
        sparks.dot(x, y, length, 0.8 + 2.6 * share)
    canvas.glow(sun.x, horizon + 10, 420, light.glow, 0.5 * light.glow_strength)
    canvas.paint(sparks, mix(light.sun, light.glow, 0.2), opacity=0.4 + 0.4 * light.glow_strength)
    edge = Stencil().line([(0, horizon), (canvas.w, horizon)], 2.5)
    canvas.paint(edge, lighten(light.haze, 0.25), opacity=0.6, blur=1.5)


def _boat(canvas: Canvas, light: Light, sun: Sun, horizon: float) -> None:
    dice = canvas.dice("boat")
    size, x = dice.uniform(64, 104), canvas.w - sun.x + dice.uniform(-60, 60)
    easel = Easel(canvas, Stage(x, horizon + size * 0.32, size))
    hull, sail = light.on(rgb("3a3140"), 0.1), mix(light.on(rgb("fffaf0")), light.glow, 0.2)
    mirrored = Stencil().polygon(easel.points("-30,0 30,0 4,-80"))
    easel.paint(mirrored, sail, opacity=0.22, blur=5)
    main = Stencil().polygon([*easel.curve("2,100 21,72 34,42 42,12"), easel.at(2, 12)])
    easel.paint(main, easel.across((sail, darken(sail, 0.16)), 0, 45))
    jib = Stencil().polygon(easel.points("-3,90 -34,10 -3,14"))
    easel.paint(jib, easel.across((darken(sail, 0.1), sail), -30, 0))
    body = Stencil().polygon(easel.points("-42,7 46,9 34,-5 -30,-5"))
    easel.paint(body.line(easel.points("0,0 0,102"), 2), hull)


def _beach(canvas: Canvas, light: Light, line: float) -> None:
    dice = canvas.dice("beach")
    phase, tilt = dice.uniform(0, 2 * pi), dice.uniform(-60, 60)

    def edge(offset: float, wave: float = 1.0) -> Points:
        steps = 60
        points: Points = []
        for step in range(steps + 1):
            share = step / steps
            swing = sin(share * 5 + phase) * 20 + sin(share * 11 + phase * 2) * 7
            points.append((canvas.w * share, line + offset + tilt * (share - 0.5) + swing * wave))
        return points

    sand, wet = light.on(rgb("f0dcb4")), light.on(rgb("b69a72"))
    foam = mix(light.on(rgb("ffffff")), light.glow, 0.12)
    for offset, opacity in ((-46, 0.35), (-24, 0.5)):
        crest = edge(offset, 0.8)
        thin = [(x, y + 2 + 5 * abs(sin(x / 37 + phase))) for x, y in crest]
        canvas.paint(Stencil().polygon([*crest, *thin[::-1]]), foam, opacity=opacity, blur=1)
    tones = (mix(wet, light.sky[-1], 0.35), wet, sand)
    canvas.paint(under(canvas, edge(0)), paints.down(tones, line, line + 95))
    lip = edge(0)
    inner = [(x, y + 6 + 9 * abs(sin(x / 53 + phase)) + 4 * sin(x / 17)) for x, y in lip]
    canvas.paint(Stencil().polygon([*lip, *inner[::-1]]), foam, opacity=0.95, blur=0.8)
    dry = paints.down((sand, darken(sand, 0.06)), line + 40, canvas.h)
    canvas.paint(under(canvas, edge(52, 0.7)), dry, blur=9)
    if canvas.detail.texture:
        noise = canvas.noise("sand", (26, 150), canvas.h - line, octaves=3)
        canvas.rub(textures.relief(noise, 0.4), under(canvas, edge(40, 0.7)), top=line)


def _palms(canvas: Canvas, light: Light, sun: Sun) -> None:
    dice = canvas.dice("palms")
    side = 0.08 if sun.x > canvas.w / 2 else 0.92
    lean = 1 if side < 0.5 else -1
    colour = light.on(rgb("2c4a34"), 0.0) if not light.is_dark else light.on(rgb("18241f"))
    for tall, shift in ((0.72, 0.0), (0.54, -0.06)):
        foot: Point = (canvas.w * (side + shift * lean), canvas.h + 20)
        height = canvas.h * tall * dice.uniform(0.9, 1.05)
        palm(canvas, dice, foot, height, lean, colour, light.glow)
