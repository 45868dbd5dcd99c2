"""What all pictures have alike: they are drawn without a screen and become the bytes of a PNG."""

import io
import warnings


def pyplot():
    """matplotlib.pyplot for files. A letter that no font here has is a box, and text with a $ in it is no formula."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["text.parse_math"] = False
    warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
    from matplotlib import pyplot

    return pyplot


def png(figure) -> bytes:
    """The finished figure as a PNG; it is closed."""
    memory = io.BytesIO()
    figure.savefig(memory, dpi=100)
    pyplot().close(figure)
    return memory.getvalue()
