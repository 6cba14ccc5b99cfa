"""Announcements: posters, banners, posts, invitations and covers. Laid over the place and the
figure that the prompt names; else with an emblem of what it is about."""

from math import cos, pi, sin

from providers.studio import icons, lettering, paints, wording
from providers.studio.board import Board, Frame, readable
from providers.studio.brief import Brief
from providers.studio.canvas import Canvas, Stencil
from providers.studio.colours import WHITE, Colour, darken, lighten, mix, ramp, rgb, shift
from providers.studio.scenes import Stage
from providers.studio.shapes import Points, ellipse
from providers.studio.widgets import button
from providers.studio.wording import say

# Two colours of the ground, one that calls.
THEMES = (
    "2b2a6b 8a3ffc ffd166",
    "0f3d5e 1fa2a6 ffb84d",
    "5b1e5f e0457b ffe08a",
    "123b2c 2f9e6b ffd86b",
    "7a2418 f0743c ffe6a8",
)
# Words, the line above the title, what the button says, the pictogram.
KINDS = (
    (
        "webinar workshop training kurs",
        "FREE WEBINAR|KOSTENLOSES WEBINAR",
        "Save your seat|Platz sichern",
        "play",
    ),
    ("newsletter email mail", "NEWSLETTER|NEWSLETTER", "Read more|Mehr lesen", "mail"),
    ("launch release", "NOW AVAILABLE|JETZT VERFÜGBAR", "Discover|Entdecken", "rocket"),
    (
        "sale discount offer angebot* rabatt* black",
        "SPECIAL OFFER|SONDERANGEBOT",
        "Shop now|Jetzt kaufen",
        "bag",
    ),
    (
        "concert music festival party band konzert musik jazz",
        "LIVE|LIVE",
        "Tickets|Karten",
        "music",
    ),
    (
        "invitation invite wedding einladung* hochzeit",
        "YOU ARE INVITED|EINLADUNG",
        "Join us|Seien Sie dabei",
        "heart",
    ),
    ("bookcover book buch* novel roman", "", "", "book"),
    (
        "conference summit meetup konferenz tagung event veranstaltung fest",
        "EVENT|VERANSTALTUNG",
        "Register|Anmelden",
        "calendar",
    ),
    ("hiring job jobs career stelle", "WE ARE HIRING|WIR STELLEN EIN", "Apply|Bewerben", "users"),
    ("christmas weihnacht* xmas", "", "", "tree"),
    ("thanks thank dank*", "", "", "gift"),
    ("businesscard visitenkarte", "", "", "monogram"),
    ("", "ANNOUNCEMENT|ANKÜNDIGUNG", "Learn more|Mehr erfahren", "megaphone"),
)
USUAL = {
    "bookcover": "The Quiet Path|Der stille Weg",
    "play": "Join the webinar|Live dabei",
    "mail": "What is new|Was gibt es Neues",
    "rocket": "Product launch|Produktstart",
    "music": "Summer festival|Sommerfest",
    "calendar": "Summer event|Sommerfest",
    "heart": "Celebrate with us|Feiern Sie mit",
    "book": "The Quiet Path|Der stille Weg",
    "bag": "Summer sale|Sommerangebot",
    "users": "Join our team|Komm ins Team",
    "tree": "Merry Christmas|Frohe Weihnachten",
    "gift": "Thank you|Danke",
    "monogram": "Your name|Ihr Name",
    "megaphone": "Something new|Etwas Neues",
}
VAGUE = "event party meeting email newsletter veranstaltung feier fest our your"


def draw(canvas: Canvas, brief: Brief, stage: Stage | None = None) -> None:
    canvas.lamp = WHITE  # letters and buttons are not in the light of the picture
    Poster(canvas, brief, over=stage is not None).draw()


class Poster:
    def __init__(self, canvas: Canvas, brief: Brief, *, over: bool) -> None:
        self.canvas, self.brief, self.over = canvas, brief, over
        self.board = Board(canvas, brief, widest=3.6, tallest=1.9, plain=True)
        dark, bright, call = ramp(canvas.dice("theme").choice(THEMES))
        if brief.colours and not over:
            bright = brief.colours[0]
            dark = mix(shift(bright, hue=-18), rgb("0e1230"), 0.6)
            call = brief.colours[1] if len(brief.colours) > 1 else call
        self.dark, self.bright, self.call = dark, bright, call
        self.kind = next(kind for kind in KINDS if not kind[0] or brief.has(kind[0]))
        self.cover = brief.has("bookcover buchumschlag buchcover cover")
        symbol = icons.meaning(self.heading(), "")
        self.symbol = self.kind[3] if symbol in ("", "users", "laptop") else symbol
        if self.kind[3] in ("rocket", "mail") or self.cover:
            self.symbol = self.kind[3]
        if self.kind[3] in ("tree", "gift", "monogram"):
            self.symbol = {"gift": "heart", "monogram": "user"}.get(self.kind[3], "tree")
        named = wording.name_of(brief) if self.kind[3] == "monogram" else ""
        self.title = named or self.heading() or say(brief, USUAL[self.kind[3]])

    def heading(self) -> str:
        heading = wording.topic(self.brief, longest=40)
        words = heading.lower().split()
        vague = all(word in VAGUE for word in words) or words[:1] in (["email"], ["e-mail"])
        if vague and " about " in f" {self.brief.text} ":
            about = self.brief.text.split(" about ", 1)[1].split(",")[0].split(".")[0].strip()
            return about[:1].upper() + about[1:40] if lettering.can_write(about) else ""
        return "" if vague else heading

    def draw(self) -> None:
        board = self.board
        if not self.over:
            self.ground()
        elif not self.canvas.silent:
            self.veil()
        if board.w > board.h * 1.35:
            self.wide()
        else:
            self.tall()

    def ground(self) -> None:
        canvas, dice = self.canvas, self.canvas.dice("ground")
        with canvas.backdrop():
            tones = (self.dark, mix(self.dark, self.bright, 0.55), self.bright)
            canvas.fill(paints.linear(tones, (0, 0), (canvas.w, canvas.h)))
            for _ in range(5):
                x, y = dice.uniform(0, canvas.w), dice.uniform(0, canvas.h)
                disc = Stencil().dot(x, y, dice.uniform(120, 420))
                canvas.paint(disc, dice.choice((WHITE, self.call, self.bright)), opacity=0.06)
            dots = Stencil()
            for _ in range(canvas.many(60 * canvas.w * canvas.h / 1e6)):
                x, y = dice.uniform(0, canvas.w), dice.uniform(0, canvas.h)
                dots.dot(x, y, dice.uniform(2, 5))
            canvas.paint(dots, WHITE, opacity=0.35)

    def veil(self) -> None:
        """Shade where the words will stand on a picture."""
        canvas = self.canvas
        high = canvas.h * (0.46 if not self.wide_sheet else 1.0)
        strip = Stencil().polygon([(0, 0), (canvas.w, 0), (canvas.w, high), (0, high)])
        steps = 6
        for step in range(steps):
            reach = high * (1 - step / steps)
            strip = Stencil().polygon([(0, 0), (canvas.w, 0), (canvas.w, reach), (0, reach)])
            canvas.paint(strip, rgb("0a0f22"), opacity=0.1, blur=high / steps / 2)

    @property
    def wide_sheet(self) -> bool:
        return self.board.w > self.board.h * 1.35

    def wide(self) -> None:
        """Words on the left, the emblem on the right."""
        board, brief = self.board, self.brief
        if self.canvas.silent:
            if not self.over:
                self.emblem(*board.at(0.5, 0.5), board.h * 0.3)
            return
        left, end = (
            board.left + board.w * 0.05,
            board.left + board.w * (0.6 if not self.over else 0.7),
        )
        self.kicker(left, board.top + board.h * 0.2, board.h * 0.055)
        room: Frame = (left, board.top + board.h * 0.27, end, board.top + board.h * 0.66)
        board.block(self.title, room, board.h * 0.17, colour=WHITE, align="left", weight=0.055)
        if self.kind[2]:
            high, y = board.h * 0.13, board.top + board.h * 0.79
            frame = (left, y - high / 2, left + min(high * 3.6, board.w * 0.4), y + high / 2)
            button(board, frame, say(brief, self.kind[2]), self.call)
        if not self.over:
            size = min(board.h * 0.36, board.w * 0.17)
            self.emblem(board.right - board.w * 0.04 - size * 1.25, board.top + board.h * 0.5, size)

    def tall(self) -> None:
        board, brief, canvas = self.board, self.brief, self.canvas
        x = (board.left + board.right) / 2
        self.kicker(
            x, board.top + board.h * 0.085, min(board.h * 0.034, board.w * 0.05), middle=True
        )
        room: Frame = (
            board.left + board.w * 0.07,
            board.top + board.h * 0.125,
            board.right - board.w * 0.07,
            board.top + board.h * 0.37,
        )
        silent = canvas.silent
        board.block(
            self.title, room, min(board.h * 0.12, board.w * 0.16), colour=WHITE, weight=0.06
        )
        if not self.over:
            size = min(board.w * 0.24, board.h * 0.165) * (1.35 if silent else 1)
            self.emblem(x, board.top + board.h * (0.5 if silent else 0.6), size)
        if self.cover:
            author = say(brief, "A novel|Ein Roman")
            board.text(
                author,
                x,
                board.top + board.h * 0.07,
                board.h * 0.036,
                colour=self.call,
                weight=0.04,
            )
        elif not silent:
            self.foot(x)

    def foot(self, x: float) -> None:
        board, brief = self.board, self.brief
        date = wording.DATED.search(brief.text)
        if date:
            board.text(
                date.group(0),
                x,
                board.bottom - board.h * 0.148,
                board.h * 0.036,
                colour=WHITE,
                weight=0.04,
            )
        if self.kind[2]:
            y, high = board.bottom - board.h * 0.08, min(board.h * 0.075, board.w * 0.11)
            frame = (x - high * 2.1, y - high / 2, x + high * 2.1, y + high / 2)
            button(board, frame, say(brief, self.kind[2]), self.call)

    def kicker(self, x: float, y: float, size: float, *, middle: bool = False) -> None:
        text = say(self.brief, self.kind[1])
        if not text or self.canvas.silent or self.cover:
            return
        wide = lettering.width(text, size) + size * 1.6
        left = x - wide / 2 if middle else x
        self.board.pill((left, y - size * 0.85, left + wide, y + size * 0.85), self.call)
        self.board.text(text, left + wide / 2, y, size, colour=readable(self.call), weight=0.05)

    def emblem(self, x: float, y: float, size: float) -> None:
        """What it is about, large, on rings of light."""
        canvas, board = self.canvas, self.board
        canvas.glow(x, y, size * 2.1, lighten(self.bright, 0.3), 0.7)
        rays = Stencil()
        for index in range(24):
            a = 2 * pi * index / 24
            ray: Points = [
                (x + r * cos(a + d), y + r * sin(a + d))
                for r, d in ((size * 1.12, 0), (size * 1.42, 0.03), (size * 1.42, -0.03))
            ]
            rays.polygon(ray)
        canvas.paint(rays, self.call, opacity=0.75)
        canvas.paint(
            Stencil().dot(x, y + size * 0.06, size * 1.02),
            rgb("0a0f22"),
            opacity=0.35,
            blur=size * 0.08,
        )
        disc = Stencil().polygon(ellipse(x, y, size, steps=96))
        canvas.paint(disc, paints.down((WHITE, mix(WHITE, self.bright, 0.25)), y - size, y + size))
        canvas.paint(
            Stencil().polygon(ellipse(x, y, size * 0.88, steps=96)),
            paints.down((lighten(self.bright, 0.18), darken(self.bright, 0.2)), y - size, y + size),
        )
        shade: Colour = darken(self.bright, 0.55)
        tail = icons.icon(self.symbol, x + size * 0.04, y + size * 0.06, size * 1.1)
        canvas.paint(tail, shade, opacity=0.5, blur=size * 0.03)
        board.icon(self.symbol, x, y, size * 1.1, WHITE)
        for dx, dy, name in ((-1.2, -0.75, "star"), (1.22, 0.7, "star"), (1.0, -1.0, "heart")):
            board.icon(name, x + dx * size, y + dy * size, size * 0.2, self.call)
