"""What all figures share: colours, style, and how they become a PNG."""

import io
from collections.abc import Callable

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from foldline.reporting.figures.fonts import BASE

__all__ = ["Figure"]  # so that what puts figures together needs no drawing library

# Okabe and Ito's colours, which can be told apart with any kind of colour blindness; the two for
# text are darker, to be legible on white
BLUE, ORANGE, SKY, GREY = "#0072B2", "#D55E00", "#56B4E9", "#6b6b6b"
RIGHT, WRONG = "#00694d", "#b03a00"

DOTS_PER_INCH = 110
FONT_SIZE = 9.0  # points
_MARGIN = 0.15  # around what is drawn, inches
_STYLE = {
    "font.family": [BASE],
    "font.size": FONT_SIZE,
    "axes.titlesize": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a class may be called $x$
    "hatch.color": "#c8c8c8",
    "hatch.linewidth": 0.8,
}


def to_png(build: Callable[[], Figure]) -> bytes:
    """Return the figure that `build` makes as a PNG, cropped to what is drawn.

    Equal figures have equal bytes: the user's own matplotlib settings are ignored, and nothing but
    the figure is written into the file.
    """
    with matplotlib.style.context(_STYLE, after_reset=True):
        figure = build()
        figure.set_dpi(DOTS_PER_INCH)
        FigureCanvasAgg(figure)
        # bbox_inches="tight" finds the same edges, but draws everything twice for it
        edges = figure.get_tightbbox()
        picture = io.BytesIO()
        figure.savefig(
            picture,
            format="png",
            dpi=DOTS_PER_INCH,
            bbox_inches=edges.padded(_MARGIN),
            metadata={"Software": None},
        )
    return picture.getvalue()


def add_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes at a place, from the lower left corner of the figure, and of a size in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))
