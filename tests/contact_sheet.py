"""Studio's drawings of what people ask for, on one sheet for the documentation.

python -m tests.contact_sheet docs/studio-sheet.webp
"""

import io
import json
import sys
from pathlib import Path

from PIL import Image

from providers.studio import wording
from providers.studio.canvas import Canvas, Detail
from providers.studio.colours import rgb
from providers.studio.drawing import draw
from providers.studio.lettering import letters

PROMPTS = Path(__file__).parent / "providers" / "studio_prompts.json"
COLUMNS, SIDE, CAPTION, GAP = 6, 300, 52, 10
INK = rgb("2b3342")


def prompts() -> list[str]:
    return [entry["prompt"] for entry in json.loads(PROMPTS.read_text())]


def size(count: int) -> tuple[int, int]:
    rows = -(-count // COLUMNS)
    return COLUMNS * (SIDE + GAP) + GAP, rows * (SIDE + GAP + CAPTION) + GAP


def sheet(asked: list[str], *, seed: int = 7) -> Image.Image:
    side, pitch = SIDE, SIDE + GAP
    canvas = Canvas(*size(len(asked)), detail=Detail(2, 1, 0), seed="sheet")
    canvas.fill(rgb("f4f5f8"))
    for index, prompt in enumerate(asked):
        left = GAP + index % COLUMNS * pitch
        top = GAP + index // COLUMNS * (pitch + CAPTION)
        # Drawn at twice the size, as people see them, and made small.
        png = draw(prompt, 2 * side, 2 * side, seed=seed + index, quality="medium")
        small = (
            Image.open(io.BytesIO(png)).convert("RGB").resize((side, side), Image.Resampling.BOX)
        )
        canvas.image.paste(small, (left, top))
        _caption(canvas, prompt, left + side / 2, top + side)
    return canvas.sign(canvas.image, lambda ink: ink)


def _caption(canvas: Canvas, prompt: str, x: float, top: float) -> None:
    lines, size = wording.fitted(prompt, SIDE - 6, CAPTION - 8, 15)
    for row, line in enumerate(lines):
        place = (x / canvas.unit, (top + 19 + row * size * 1.2) / canvas.unit)
        canvas.write(letters(line, *place, size / canvas.unit), INK)


def main() -> None:
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/studio-sheet.webp")
    sheet(prompts()).save(target, "WEBP", quality=80, method=6)
    print(target, target.stat().st_size // 1024, "KiB")


if __name__ == "__main__":
    main()
