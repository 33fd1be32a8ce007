"""The page's own labels, one table per language. Everything about tiers, advice and conditions comes from `runtime`."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PaperTexts:
    """The labels of the page. Those with {braces} are formatted with what they show."""

    title: str
    subtitle: str
    no_photo: str
    """stands in place of the photo"""
    lesion: str
    place: str
    date: str
    not_given: str
    """stands in place of a name or place that is empty"""
    score: str
    score_calibrated: str
    """what the malignancy is where it was calibrated; never a person's risk"""
    score_uncalibrated: str
    score_unrecorded: str
    """where it is not known whether it was calibrated"""
    conditions_hint: str
    percent: str
    """with {value}, a whole number"""
    less_than_one: str
    questions: str
    yes: str
    no: str
    not_answered: str
    more: str
    """with {count}, of lines that did not fit on the page"""
    notes: str
    about_the_model: str
    model_unrecorded: str
    """in place of its figures: the answer was kept before they were recorded"""


ENGLISH = PaperTexts(
    title="Page for a doctor",
    subtitle="One skin spot, judged by an app from one photo",
    no_photo="There is no photo.",
    lesion="Spot",
    place="Place on the body",
    date="Date of the photo",
    not_given="not given",
    score="What the score means",
    score_calibrated=(
        "A probability from 0 to 1, calibrated on photos that the model had not learnt from: among photos like those "
        "with this score, about this share showed a skin cancer. It is not this person's chance of having cancer."
    ),
    score_uncalibrated=(
        "A number from 0 to 1; more means more of the signs that the model knows from skin cancer. It was not "
        "calibrated: it is not a probability, and not this person's chance of having cancer."
    ),
    score_unrecorded=(
        "A number from 0 to 1; more means more of the signs that the model knows from skin cancer. Whether it was "
        "calibrated was not recorded: do not read it as a probability, nor as this person's chance of having "
        "cancer."
    ),
    conditions_hint="How the model weighs ten groups of conditions. It is not a diagnosis.",
    percent="{value}%",
    less_than_one="<1%",
    questions="Questions answered in the app",
    yes="Yes",
    no="No",
    not_answered="not answered",
    more="… and {count} more in the app",
    notes="Notes",
    about_the_model="About the model",
    model_unrecorded="The model of this answer was not recorded: no figures.",
)

SPANISH = PaperTexts(
    title="Hoja para la consulta médica",
    subtitle="Una mancha de la piel, evaluada por una aplicación a partir de una foto",
    no_photo="No hay foto.",
    lesion="Mancha",
    place="Lugar del cuerpo",
    date="Fecha de la foto",
    not_given="sin indicar",
    score="Qué significa la puntuación",
    score_calibrated=(
        "Una probabilidad de 0 a 1, calibrada con fotos con las que el modelo no había aprendido: entre fotos como "
        "esas con esta puntuación, más o menos esta proporción mostraba un cáncer de piel. No es la probabilidad de "
        "que esta persona tenga cáncer."
    ),
    score_uncalibrated=(
        "Un número de 0 a 1; cuanto mayor, más señales de las que el modelo conoce del cáncer de piel. No se calibró: "
        "no es una probabilidad, ni la probabilidad de que esta persona tenga cáncer."
    ),
    score_unrecorded=(
        "Un número de 0 a 1; cuanto mayor, más señales de las que el modelo conoce del cáncer de piel. No se "
        "registró si se calibró: no debe leerse como una probabilidad, ni como la de que esta persona tenga "
        "cáncer."
    ),
    conditions_hint="El peso que el modelo da a diez grupos de afecciones. No es un diagnóstico.",
    percent="{value} %",
    less_than_one="<1 %",
    questions="Preguntas contestadas en la aplicación",
    yes="Sí",
    no="No",
    not_answered="sin contestar",
    more="… y {count} más en la aplicación",
    notes="Notas",
    about_the_model="Sobre el modelo",
    model_unrecorded="No se registró el modelo de esta respuesta: no hay cifras.",
)

PORTUGUESE = PaperTexts(
    title="Folha para a consulta médica",
    subtitle="Uma mancha da pele, avaliada por um aplicativo a partir de uma foto",
    no_photo="Não há foto.",
    lesion="Mancha",
    place="Lugar do corpo",
    date="Data da foto",
    not_given="não informado",
    score="O que significa a pontuação",
    score_calibrated=(
        "Uma probabilidade de 0 a 1, calibrada com fotos com as quais o modelo não tinha aprendido: entre fotos como "
        "essas com esta pontuação, mais ou menos esta proporção mostrava um câncer de pele. Não é a probabilidade de "
        "que esta pessoa tenha câncer."
    ),
    score_uncalibrated=(
        "Um número de 0 a 1; quanto maior, mais sinais dos que o modelo conhece do câncer de pele. Não foi calibrado: "
        "não é uma probabilidade, nem a probabilidade de que esta pessoa tenha câncer."
    ),
    score_unrecorded=(
        "Um número de 0 a 1; quanto maior, mais sinais dos que o modelo conhece do câncer de pele. Não foi "
        "registrado se foi calibrado: não deve ser lido como uma probabilidade, nem como a de que esta pessoa "
        "tenha câncer."
    ),
    conditions_hint="O peso que o modelo dá a dez grupos de doenças. Não é um diagnóstico.",
    percent="{value}%",
    less_than_one="<1%",
    questions="Perguntas respondidas no aplicativo",
    yes="Sim",
    no="Não",
    not_answered="sem resposta",
    more="… e mais {count} no aplicativo",
    notes="Anotações",
    about_the_model="Sobre o modelo",
    model_unrecorded="O modelo desta resposta não foi registrado: não há números.",
)

FRENCH = PaperTexts(
    title="Page pour la consultation médicale",
    subtitle="Une tache de la peau, évaluée par une application à partir d'une photo",
    no_photo="Il n'y a pas de photo.",
    lesion="Tache",
    place="Endroit du corps",
    date="Date de la photo",
    not_given="non indiqué",
    score="Ce que signifie le score",
    score_calibrated=(
        "Une probabilité de 0 à 1, étalonnée sur des photos avec lesquelles le modèle n'avait pas appris : parmi les "
        "photos de ce genre ayant ce score, à peu près cette part montrait un cancer de la peau. Ce n'est pas la "
        "probabilité que cette personne ait un cancer."
    ),
    score_uncalibrated=(
        "Un nombre de 0 à 1 ; plus il est grand, plus il y a de signes que le modèle connaît du cancer de la peau. Il "
        "n'a pas été étalonné : ce n'est ni une probabilité, ni celle que cette personne ait un cancer."
    ),
    score_unrecorded=(
        "Un nombre de 0 à 1 ; plus il est grand, plus il y a de signes que le modèle connaît du cancer de la peau."
        " Il n'a pas été enregistré s'il a été étalonné : ce n'est à lire ni comme une probabilité, ni comme celle"
        " que cette personne ait un cancer."
    ),
    conditions_hint="Le poids que le modèle donne à dix groupes d'affections. Ce n'est pas un diagnostic.",
    percent="{value} %",
    less_than_one="<1 %",
    questions="Questions avec réponse dans l'application",
    yes="Oui",
    no="Non",
    not_answered="sans réponse",
    more="… et {count} de plus dans l'application",
    notes="Notes",
    about_the_model="À propos du modèle",
    model_unrecorded="Le modèle de cette réponse n'a pas été enregistré : pas de chiffres.",
)

LABELS: Mapping[str, PaperTexts] = {"en": ENGLISH, "es": SPANISH, "pt": PORTUGUESE, "fr": FRENCH}
"""By ISO 639-1 code: the languages that `runtime.answer.locales` has, which a report's `language` is always one of."""
