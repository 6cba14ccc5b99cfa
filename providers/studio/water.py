"""Water: what mirrors, ripples and glitters."""

from PIL import Image

from providers.studio import paints, textures
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import mix
from providers.studio.light import Light
from providers.studio.terrain import under


def mirror(canvas: Canvas, light: Light, shore: float, *, calm: float = 0.6) -> None:
    """Everything above the shore stands on its head below it, broken by ripples."""
    top = round(shore * canvas.unit)
    width, depth = canvas.image.width, canvas.image.height - top
    if depth <= 0:
        return
    seen = canvas.image.crop((0, max(0, top - round(depth * 1.5)), width, top))
    seen = seen.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    smear = max(2, round(depth * (0.03 + 0.97 * calm**2)))  # rough water draws lights out downwards
    seen = seen.resize((width, smear)).resize((width, depth), Image.Resampling.BICUBIC)
    water = seen.copy()
    rows = max(1, round(2.2 * canvas.unit))
    sway, dice = 0.0, canvas.dice("mirror")
    for row in range(0, depth, rows):
        sway = 0.8 * sway + dice.gauss(0, 0.8)
        reach = (1 + 7 * row / depth) * (1 - calm) * canvas.unit * 2
        water.paste(seen.crop((0, row, width, row + rows)), (round(sway * reach), row))
    canvas.image.paste(water, (0, top))
    deep = mix(light.sky[0], light.ambient, 0.1)
    tones = (mix(light.haze, deep, 0.3), deep)
    surface = under(canvas, [(0, shore), (canvas.w, shore)])
    canvas.paint(surface, paints.down(tones, shore, canvas.h), opacity=0.32)
    noise = canvas.noise("ripples", (2.5, 46), canvas.h - shore, octaves=3)
    canvas.paint_mask(
        textures.threshold(noise, 0.6, 0.9, 0.3), light.glow, top=shore, blend="screen"
    )
    edge = Stencil().line([(0, shore), (canvas.w, shore)], 3)
    canvas.paint(edge, light.haze, opacity=0.5, blur=2)
