# Which model runs: model.bin where it is sound, else the last one that was, model.good. The reason is always said.
import gc
import os

import tympan

from .settings import Unready

MODEL = "model.bin"
GOOD = "model.good"
PART = "model.part"
FILE_ERRORS = {2: "it is missing", 28: "the file system is full; remove files (mpremote rm :old.bin)"}  # by errno


def open_model(path):
    # verified in full, or ValueError, OSError, MemoryError
    gc.collect()
    with open(path, "rb") as f:
        return tympan.Model(f)


def same(a, b):
    try:
        with open(a, "rb") as f, open(b, "rb") as g:
            while True:
                x, y = f.read(512), g.read(512)
                if x != y:
                    return False
                if not x:
                    return True
    except OSError:
        return False


def keep():
    # copies model.bin, which has proved sound, to model.good: first to another name, so that a power cut in the middle
    # of it leaves the old model.good
    if same(MODEL, GOOD):
        return
    try:
        with open(MODEL, "rb") as f, open(PART, "wb") as g:
            while True:
                data = f.read(512)
                if not data:
                    break
                g.write(data)
        os.rename(PART, GOOD)
    except OSError:
        try:
            os.remove(PART)  # half a copy, which takes room
        except OSError:
            pass
        raise


def explain(error):
    if isinstance(error, MemoryError):
        return "it does not fit in memory"
    if isinstance(error, OSError):
        return FILE_ERRORS.get(error.errno) or f"the file system refused it ({error})"
    return str(error)


def itself(model):
    return model


def load_model(say=print, use=itself):
    # (what `use` makes of the model, name of its file); Unready, with both reasons, where neither file runs. A model is
    # kept as good only after `use`: its stream may not fit in memory though the model alone does.
    try:
        used = use(open_model(MODEL))
    except (ValueError, OSError, MemoryError) as error:
        reason = explain(error)
    else:
        try:
            keep()
        except OSError as error:
            say(f"model.good was not renewed: {explain(error)}. model.bin runs.")
        return used, MODEL
    try:
        used = use(open_model(GOOD))
    except (ValueError, OSError, MemoryError) as error:
        raise Unready(f"model.bin: {reason}; model.good: {explain(error)}. Copy a model: mpremote cp model.bin :")
    say(f"model.bin does not run, {reason}. The last good model runs instead.")
    return used, GOOD
