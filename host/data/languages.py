"""The languages in which a spoken data set can be made: their words, and eSpeak NG's accents of them."""

from dataclasses import dataclass
from pathlib import Path

from host.base.errors import DataError
from host.data.dataset import WORDS


@dataclass(frozen=True)
class Language:
    """source: the data set's name for `--data`. words: to be obeyed. accents: eSpeak NG's names.

    others: unknown words of training and validation, many of them near to a word. unheard: those of testing.
    per_word: training clips of a word.
    """

    name: str
    source: str
    words: tuple[str, ...]
    accents: tuple[str, ...]
    others: tuple[str, ...]
    unheard: tuple[str, ...]
    per_word: int


ENGLISH = Language(
    "English",
    "synthetic",
    WORDS,
    ("en-us", "en", "en-gb-scotland", "en-029", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-us-nyc"),
    (
        "bed", "bird", "cat", "dog", "eight", "five", "four", "happy", "house", "marvin", "nine", "one", "seven", "six",
        "three", "tree", "two", "wow", "zero", "learn", "robot", "table", "window", "hello", "please", "morning",
        "paper", "water", "kitchen", "garden", "music", "thank you", "maybe", "where is it", "come here", "good", "bad",
        "what", "because", "under", "people", "number", "sister", "orange", "school", "picture", "and then",
        "I think so", "look",
    ),
    (
        "yellow", "know how", "cup", "town", "lift", "light", "arm", "often", "shop", "goat", "elephant", "yesterday",
        "never", "brown", "let", "ride", "once", "coffee", "top", "grow", "summer", "listen", "tomorrow", "a chair",
    ),
    400,
)  # fmt: skip

FRENCH = Language(
    "French",
    "synthetic-fr",
    ("avance", "recule", "gauche", "droite", "stop", "oui", "non", "marche", "danse", "demi-tour"),
    ("fr", "fr-be", "fr-ch"),
    (
        # near to a word, though none sounds like one
        "avant", "avenir", "vacances", "balance", "avoine", "avalanche", "ridicule", "calcule", "véhicule", "cellule",
        "poche", "cloche", "gâche", "gaufre", "droit", "doigt", "étroite", "adroite", "trois", "froide", "top", "stock",
        "stage", "step", "huit", "Louis", "suis", "nuit", "bon", "long", "mon", "neuf", "manche", "mange", "charge",
        "arche", "mars", "marcher", "dans", "danser", "pense", "lance", "chance", "demi", "tour", "détour", "retour",
        "demain", "semi", "jour",
        # what else is said near a robot
        "un", "deux", "quatre", "cinq", "six", "sept", "zéro", "bonjour", "merci", "pardon", "maman", "papa", "chien",
        "chat", "maison", "école", "robot", "table", "fenêtre", "cuisine", "jardin", "musique", "peut-être", "comment",
        "pourquoi", "où est-il", "viens ici", "s'il te plaît", "je crois", "et puis", "regarde", "rouge", "bleu",
        "livre", "voiture", "lumière", "encore", "lentement", "petit", "grand", "matin", "soir", "écoute", "attends",
        "alors", "voilà", "d'accord", "allez", "ça va", "très bien",
    ),
    (
        "avec", "avantage", "enfance", "recueil", "recette", "bascule", "bouche", "moche", "toit", "croître", "endroit",
        "strophe", "hop", "Louise", "puis", "ville", "don", "ton", "ronde", "arme", "barque", "martien", "tendance",
        "dansons", "tente", "minuit", "toujours", "demeure", "autour", "dix", "vélo", "fromage", "oiseau", "dimanche",
        "bientôt", "tant pis", "au revoir", "il pleut", "montagne", "crayon",
    ),
    1000,
)  # fmt: skip

LANGUAGES = {language.source: language for language in (ENGLISH, FRENCH)}


def spoken_by(source: Path | str) -> Language | None:
    """The language that `--data` names, None where it is a path. DataError where a folder has a language's name."""
    path = Path(source)
    if path.name in LANGUAGES and path.is_dir():
        raise DataError(f"{source}: a folder cannot have this name, which stands for synthesized speech; rename it")
    return LANGUAGES.get(str(path))
