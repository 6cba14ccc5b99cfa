"""The light of a picture: the hour, the season and the weather turned into colours."""

from dataclasses import dataclass, replace
from random import Random

from providers.studio.brief import Brief
from providers.studio.colours import (
    WHITE,
    Colour,
    along,
    lightness,
    mix,
    ramp,
    rgb,
    shift,
    under,
)


@dataclass(frozen=True)
class Light:
    time: str
    sky: tuple[Colour, ...]  # from the top down to the horizon
    sun: Colour
    glow: Colour
    haze: Colour  # what distance fades into
    ambient: Colour  # the colour of the light on things
    sun_height: float  # share of the sky above the horizon
    glow_strength: float
    cloud: Colour

    @property
    def is_dark(self) -> bool:
        return self.time in ("night", "dusk")

    @property
    def lamp(self) -> Colour:
        """The light on a figure in front: milder than on the land, it must stay readable."""
        return mix(self.ambient, WHITE, 0.45)

    def on(self, surface: Colour, distance: float = 0.0) -> Colour:
        """How a surface looks in this light, seen through `distance` (0 to 1) of air."""
        return mix(under(surface, self.ambient), self.haze, distance)


# Per hour: the sky from the top to the horizon; then sun, glow, haze, ambient and cloud; then the
# height of the sun and the strength of its glow.
HOURS = {
    "dawn": (
        "5d7fb8 9fb0d8 e3c3d2 f9d9c0 / fff6e0 ffc9a0 e6cfd6 f2dcd4 fff0ea / 0.12 0.8",
        "6f8fb5 b5c2d4 f0d4bd fde9c4 / fffbe8 ffd79a ead9c8 f5e2c8 fff4e2 / 0.16 0.8",
    ),
    "day": (
        "2673c2 5fa5e0 a9d3f0 e3f2f8 / fffdf0 fff3cf cfe4f0 fffaf0 ffffff / 0.72 0.55",
        "3385c6 7bb8e2 bfe0ee f3f3e6 / fffdf0 fff0c4 d9e6e8 fff6e4 ffffff / 0.62 0.6",
    ),
    "sunset": (
        "2b2a63 6d3f86 d65a78 f7965c ffd58a / fff3cf ffa04d e08a76 f0a886 ffb08a / 0.1 1.0",
        "243d78 6a6fae cf86a0 f7ac74 fee0a0 / fff6d8 ffb45a dfa38e f2b898 ffc4a0 / 0.14 1.0",
        "3a1f4d 8a2f5e d9504f f58a44 fdc766 / ffefc0 ff8a3c d1705a ee9a74 ff9d78 / 0.08 1.0",
    ),
    "dusk": (
        "10163a 2a3474 63549a b87aa4 eeb09c / ffe9d0 e88a9a 6d6597 8078ad c48fb0 / 0.05 0.6",
        "0d1f3c 24487a 5b7fa8 b89cb0 f2c4a4 / ffecd6 f0a58a 66799c 7c86ad c0a0b4 / 0.05 0.6",
    ),
    "night": (
        "050818 0c1635 18295c 2c4580 / f6f3e2 9db8f0 243a6c 4a5f98 5a72b0 / 0.66 0.5",
        "060a14 0d1f38 143a58 22566e / f8f6e8 a8d8e8 1f4258 466a86 5a8aa0 / 0.6 0.5",
    ),
}


def light_at(time: str, variant: int = 0) -> Light:
    sky, lamps, sun = HOURS[time][variant].split("/")
    disc, glow, haze, ambient, cloud = ramp(lamps)
    height, strength = (float(number) for number in sun.split())
    return Light(time, ramp(sky), disc, glow, haze, ambient, height, strength, cloud)


# Leaves: the body, those in the light, those in the shade.
SEASON_LEAVES = {
    "spring": "f0a3bd f9cfdc b5688c",
    "summer": "5d9a4a 93bf5c 35693f",
    "autumn": "d9792b f0b143 9c3f28",
    "winter": "c9d8e3 f3f7fa 8ea6b8",
}
SEASON_GROUND = {
    "spring": "8fc25f 6fa850 b6d67a",
    "summer": "6f9e4a 557f3e a2b85a",
    "autumn": "b08a3e 8f6c34 cfa350",
    "winter": "edf3f7 d3e0ea f8fbfd",
}


def light_of(
    brief: Brief, dice: Random, *, usual: tuple[str, ...] = ("day", "sunset", "dawn")
) -> Light:
    grey = brief.weather in ("fog", "rain", "cloud", "snow")
    time = brief.time or ("day" if grey else dice.choice(usual))
    light = light_at(time, dice.randrange(len(HOURS[time])))
    if grey:
        light = _overcast(light, 0.75 if brief.weather in ("rain", "cloud") else 0.6)
    if brief.mood_colours:
        light = _coloured(light, brief.mood_colours)
    return light


def leaves(brief: Brief) -> tuple[Colour, ...]:
    return ramp(SEASON_LEAVES[brief.season or "summer"])


def ground(brief: Brief) -> tuple[Colour, ...]:
    return ramp(SEASON_GROUND[brief.season or "summer"])


def _overcast(light: Light, share: float) -> Light:
    grey = rgb("c3cad1") if not light.is_dark else rgb("2a3140")

    def dull(colour: Colour, to: Colour = grey) -> Colour:
        return mix(shift(colour, chroma=1 - share * 0.7), to, share * 0.6)

    return replace(
        light,
        sky=tuple(dull(colour) for colour in light.sky),
        haze=dull(light.haze),
        ambient=dull(light.ambient, rgb("d5d9de") if not light.is_dark else grey),
        cloud=dull(light.cloud),
        glow_strength=light.glow_strength * (1 - share * 0.8),
    )


def _coloured(light: Light, colours: tuple[Colour, ...]) -> Light:
    """The wished colours carry the sky, dark above and light at the horizon."""
    wished = sorted(colours[:4], key=lightness)
    target = (mix(wished[0], light.sky[0], 0.35), *wished)
    if len(wished) == 1:
        target += (shift(wished[0], light=0.22, chroma=0.6),)
    rows = len(light.sky)
    sky = tuple(
        mix(colour, along(target, index / (rows - 1)), 0.7)
        for index, colour in enumerate(light.sky)
    )
    return replace(
        light,
        sky=sky,
        glow=mix(light.glow, target[-1], 0.5),
        haze=mix(light.haze, along(target, 0.6), 0.5),
        ambient=mix(light.ambient, along(target, 0.9), 0.25),
        cloud=mix(light.cloud, target[-1], 0.4),
    )
