"""What Studio can draw. A new scene is a module with a `draw` and an entry here, nothing more.

A sheet is a picture of its own (a card). A place is a view that gives back the stage on which a
figure may stand; a figure is drawn on a stage. So every figure goes with every place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from providers.studio.brief import PEOPLE, Brief
from providers.studio.colours import WHITE, Colour


@dataclass(frozen=True)
class Stage:
    """Where a figure stands, how tall it may be, and the light that falls on it."""

    x: float
    floor: float
    height: float
    lamp: Colour = WHITE


@dataclass(frozen=True)
class Scene:
    kind: Literal["sheet", "figure", "place"]
    module: str
    words: str
    hints: str = ""  # words that count only when no scene is named
    outdoors: bool = False
    people: bool = False  # left out where the prompt wants nobody
    vague: bool = False  # its words mean other things too: "create a team" wants no picture
    over: bool = False  # a sheet that is laid over the place and the figure the prompt names


SCENES = {
    "birthday": Scene("sheet", "birthday", "birthday geburtstag* bday"),
    "architecture": Scene(
        "sheet",
        "architecture",
        "architecture microservice mikroservice* mikrodienst* *architektur architekturdiagramm "
        "systemdiagramm drei*schicht* orgchart organigramm organisation*plan hierarchy hierarchie",
        "diagram diagramm schaubild",
        vague=True,
    ),
    "flowchart": Scene(
        "sheet",
        "flowchart",
        "flowchart workflow flussdiagramm ablaufdiagramm prozessdiagramm ablaufplan "
        "programmablauf* entscheidungsbaum",
    ),
    "chart": Scene(
        "sheet",
        "chart",
        "barchart piechart linechart scatterplot chart graph histogram donut balkendiagramm "
        "säulendiagramm kreisdiagramm tortendiagramm liniendiagramm ringdiagramm kuchendiagramm "
        "streudiagramm statistik",
    ),
    "infographic": Scene(
        "sheet",
        "infographic",
        "infographic info*graph* infografik lifecycle timeline roadmap mindmap brainstorming cycle "
        "zeitleiste zeitstrahl kreislauf lebenszyklus pdca milestone meilensteine gedankenkarte",
    ),
    "photosynthesis": Scene("sheet", "photosynthesis", "photosynthesis photosynthese"),
    "landing": Scene(
        "sheet",
        "landing",
        "landingpage heroimage website webpage homepage webseite startseite",
        vague=True,
    ),
    "product": Scene(
        "sheet", "product", "productcard product packaging produkt* verpackung", vague=True
    ),
    "iconset": Scene("sheet", "iconset", "iconset icon icons pictogram piktogramm*"),
    "logo": Scene("sheet", "logo", "logo logotype wordmark emblem firmenlogo badge"),
    "poster": Scene(
        "sheet",
        "poster",
        "poster banner socialpost flyer promotional promo promotion bookcover cover announcement "
        "advertisement invitation webinar plakat* flugblatt werbe* einladung* postcard "
        "greetingcard *grußkarte weihnachtskarte "
        "dankeskarte postkarte visitenkarte businesscard buchumschlag "
        "buchcover titelbild anzeige post header thumbnail",
        over=True,
    ),
    "mockup": Scene(
        "sheet",
        "mockup",
        "mockup wireframe ui dashboard mobileapp app prototype interface oberfläche",
    ),
    "floorplan": Scene(
        "sheet",
        "floorplan",
        "floorplan grundriss raumplan sitzplan tischplan lageplan wohnungsplan blueprint",
    ),
    "sequence": Scene("sheet", "sequence", "sequencediagram sequenzdiagramm"),
    "team": Scene(
        "sheet",
        "team",
        "team teamwork colleague coworker collaborating collaborate meeting mitarbeiter* "
        "kolleg* besprechung "
        "teambesprechung",
        people=True,
        vague=True,
    ),
    "posture": Scene(
        "sheet",
        "posture",
        "posture ergonomic* ergonomisch* sitzhaltung körperhaltung sitzposition",
        people=True,
        vague=True,
    ),
    "network": Scene(
        "sheet", "network", "network vpn lan netzwerk* netzplan topology topologie", vague=True
    ),
    "layers": Scene(
        "sheet",
        "layers",
        "layer osi pyramid *pyramide schicht *schichten *schichtenmodell",
        vague=True,
    ),
    "cat": Scene("figure", "cat", "cat kitten kitty tomcat tabby katze kater kätzchen *katze"),
    "dog": Scene("figure", "dog", "dog puppy puppies doggy hund hunde hündchen welpe *hund"),
    "robot": Scene("figure", "robot", "robot android bot droid chatbot cyborg roboter*"),
    "flowers": Scene(
        "figure",
        "flowers",
        "flower bouquet blossoms rose tulip daisy daisies sunflower poppy poppies floral blume "
        "blumen* rosenstrauß strauß tulpe gänseblümchen sonnenblume mohn mohnblume margerite",
    ),
    "person": Scene(
        "figure",
        "person",
        "person people man woman men women boy girl portrait face headshot human mensch* mann frau "
        "männer leute porträt gesicht junge mädchen",
        people=True,
        vague=True,
    ),
    "rocket": Scene("figure", "rocket", "rocket spaceship spacecraft rakete* raumschiff*"),
    "car": Scene("figure", "car", "car automobile auto autos sportwagen sportscar taxi wagen"),
    "food": Scene(
        "figure",
        "food",
        "food pizza coffee cappuccino espresso fruit apple meal breakfast kaffee obst essen "
        "frühstück apfel äpfel cup tasse",
    ),
    "space": Scene(
        "place",
        "space",
        "space planet galaxy universe cosmos nebula saturn weltraum weltall planet* galaxie kosmos "
        "universum",
    ),
    "city": Scene(
        "place",
        "city",
        "city cities town skyline skyscraper metropolis downtown urban cityscape stadt *stadt "
        "städte stadt* skyline hochhaus hochhäuser wolkenkratzer",
        outdoors=True,
    ),
    "sea": Scene(
        "place",
        "sea",
        "sea ocean beach coast shore bay island seaside lagoon palm meer* strand* ozean küste "
        "ufer bucht insel nordsee ostsee palme palmenstrand",
        "sunset sunrise horizon sonnenuntergang sonnenaufgang horizont boat sailboat segelboot",
        outdoors=True,
    ),
    "mountain": Scene(
        "place",
        "mountain",
        "mountain peak summit alps alpine glacier volcano berg berge* berg* *gebirge gipfel alpen "
        "gletscher lake fjord bergsee",
        "sky stars moon himmel sterne mond sternenhimmel",
        outdoors=True,
    ),
    "forest": Scene(
        "place",
        "forest",
        "forest wood woodland jungle tree wald* wälder *wald baum bäume eiche oak",
        outdoors=True,
    ),
    "landscape": Scene(
        "place",
        "landscape",
        "landscape hill meadow field valley countryside house cottage cabin farm farmhouse barn "
        "village garden home landschaft *landschaft hügel wiese feld tal haus *haus häuschen "
        "hütte dorf garten bauernhof",
        "nature spring summer autumn winter natur frühling sommer herbst",
        outdoors=True,
    ),
    "kitchen": Scene("place", "kitchen", "kitchen kitchenette küche *küche küchen* kochinsel"),
    "office": Scene(
        "place",
        "office",
        "office workspace workplace desk coworking büro* *büro arbeitsplatz schreibtisch",
    ),
    "symbol": Scene(
        "sheet",
        "symbol",
        "",
        "heart herz star stern clock uhr wecker camera kamera truck lastwagen lkw plane airplane "
        "flugzeug globe earth erde key schlüssel lock schloss bell glocke trophy pokal gift "
        "geschenk "
        "lightbulb bulb glühbirne shield schild leaf blatt book buch phone telefon handy laptop "
        "computer sun sonne dumbbell hantel paw pfote wrench envelope brief flame feuer cloud "
        "wolke "
        "music musik idea idee lightning blitz",
        vague=True,
    ),
    "plain": Scene("place", "plain", ""),
    "abstract": Scene("sheet", "abstract", "abstract abstrakt"),
}


ASKING = "generate create draw paint something some me erstelle zeichne male etwas mir".split()


def plan(brief: Brief) -> tuple[str, ...]:
    """The scenes that make the picture, from back to front."""
    sheet = first(brief, "sheet")
    figure, place = first(brief, "figure"), first(brief, "place")
    if sheet and SCENES[sheet].over and (figure or place):
        return *plan_view(figure, place), sheet
    if sheet:
        return (sheet,)
    return plan_view(figure, place) or (hinted(brief) or _unsaid(brief),)


def _unsaid(brief: Brief) -> str:
    """A style without a subject ("something in watercolour") shows best on a landscape."""
    subject = [word for word in brief.core.split() if word not in ASKING]
    return "landscape" if brief.style and not subject else "abstract"


def plan_view(figure: str | None, place: str | None) -> tuple[str, ...]:
    if figure:
        return place or "plain", figure
    return (place,) if place else ()


def first(brief: Brief, kind: str) -> str | None:
    """The scene of a kind that is named first in the prompt."""
    named = {
        name: place
        for name, scene in SCENES.items()
        if scene.kind == kind
        and not (scene.people and brief.refuses(PEOPLE))
        and (place := brief.find(scene.words)) is not None
    }
    return min(named, key=named.__getitem__, default=None)


def has_figure(brief: Brief) -> bool:
    """Whether someone will stand in the place: it then keeps firm ground in front."""
    return any(SCENES[name].kind == "figure" for name in plan(brief))


def names_one(brief: Brief) -> bool:
    """Whether the words name something Studio has a scene for."""
    names = (first(brief, kind) for kind in ("sheet", "figure", "place"))
    return any(name and not SCENES[name].vague for name in names) or _hints(brief)


def _hints(brief: Brief) -> bool:
    name = hinted(brief)
    return name is not None and not SCENES[name].vague


def hinted(brief: Brief) -> str | None:
    return next((name for name, scene in SCENES.items() if brief.has(scene.hints)), None)


def painter(name: str) -> Callable[..., Any]:
    """Scenes are loaded when they are drawn first, so that a child starts at once."""
    draw: Callable[..., Any] = import_module(f"providers.studio.scenes.{SCENES[name].module}").draw
    return draw
