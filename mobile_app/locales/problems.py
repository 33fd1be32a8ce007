"""What is said of what the store, the device's keys and a photo's file refuse. English is the errors' own text."""

from collections.abc import Mapping

from mobile_app.store import Trouble
from runtime.answer.locales import texts_for
from runtime.errors import PhotoError

SENTENCES: Mapping[str, Mapping[Trouble, str]] = {
    "es": {
        Trouble.FAILED: "No se puede leer ni escribir donde se guarda.",
        Trouble.FULL: "El disco está lleno.",
        Trouble.IN_USE: "Otra ventana de esta aplicación lo está usando; ciérrela primero.",
        Trouble.DAMAGED: "La base de datos está dañada; restáurela desde una copia exportada.",
        Trouble.NEWER: "Lo guardó una versión más nueva de la aplicación; vuelva a instalarla.",
        Trouble.NO_DATABASE: (
            "Hay fotos pero no base de datos; vuelva a poner store.sqlite3 junto a ellas o llévelas a otro lugar."
        ),
        Trouble.SEALED: "Lo guardado está cifrado y hace falta su clave.",
        Trouble.UNSEALED: "Lo guardado no está cifrado y se abre sin clave.",
        Trouble.WRONG_KEY: "La clave no abre lo guardado, o alguien lo cambió.",
        Trouble.CANNOT_SEAL: "Aquí no se puede cifrar nada: falta el paquete cryptography.",
        Trouble.GONE: "Ya no está guardado.",
        Trouble.NO_PHOTO: "No está la foto; el resto sí.",
        Trouble.ARCHIVE: "No es una copia exportada por esta aplicación, o está dañada.",
        Trouble.KEY_LOST: "Lo guardado está cifrado y este dispositivo ya no tiene la clave.",
        Trouble.KEYS_SILENT: "El almacén de claves del dispositivo no responde.",
        Trouble.KEYS_FOREIGN: "Lo que hay en el almacén de claves del dispositivo no es una clave de esta aplicación.",
    },
    "pt": {
        Trouble.FAILED: "Não é possível ler nem escrever onde tudo é guardado.",
        Trouble.FULL: "O disco está cheio.",
        Trouble.IN_USE: "Outra janela deste aplicativo está usando o que foi guardado; feche-a primeiro.",
        Trouble.DAMAGED: "O banco de dados está danificado; restaure-o de uma cópia exportada.",
        Trouble.NEWER: "Foi guardado por uma versão mais nova do aplicativo; instale-a de novo.",
        Trouble.NO_DATABASE: (
            "Há fotos mas não há banco de dados; coloque store.sqlite3 de volta junto delas ou mova-as."
        ),
        Trouble.SEALED: "O que foi guardado está cifrado e precisa da sua chave.",
        Trouble.UNSEALED: "O que foi guardado não está cifrado e se abre sem chave.",
        Trouble.WRONG_KEY: "A chave não abre o que foi guardado, ou alguém o alterou.",
        Trouble.CANNOT_SEAL: "Nada pode ser cifrado aqui: falta o pacote cryptography.",
        Trouble.GONE: "Não está mais guardado.",
        Trouble.NO_PHOTO: "A foto não está aqui; o resto está.",
        Trouble.ARCHIVE: "Não é uma cópia exportada por este aplicativo, ou está danificada.",
        Trouble.KEY_LOST: "O que foi guardado está cifrado, e este aparelho não tem mais a chave.",
        Trouble.KEYS_SILENT: "O cofre de chaves do aparelho não responde.",
        Trouble.KEYS_FOREIGN: "O que está no cofre de chaves do aparelho não é uma chave deste aplicativo.",
    },
    "fr": {
        Trouble.FAILED: "L'emplacement de ce qui est gardé ne peut être ni lu ni écrit.",
        Trouble.FULL: "Le disque est plein.",
        Trouble.IN_USE: "Une autre fenêtre de cette application s'en sert ; fermez-la d'abord.",
        Trouble.DAMAGED: "La base de données est endommagée ; restaurez-la depuis une copie exportée.",
        Trouble.NEWER: "Une version plus récente de l'application l'a enregistré ; installez-la de nouveau.",
        Trouble.NO_DATABASE: (
            "Il y a des photos mais pas de base de données ; remettez store.sqlite3 à côté d'elles ou déplacez-les."
        ),
        Trouble.SEALED: "Ce qui est gardé est chiffré et sa clé est nécessaire.",
        Trouble.UNSEALED: "Ce qui est gardé n'est pas chiffré et s'ouvre sans clé.",
        Trouble.WRONG_KEY: "La clé n'ouvre pas ce qui est gardé, ou quelqu'un l'a modifié.",
        Trouble.CANNOT_SEAL: "Rien ne peut être chiffré ici : le paquet cryptography manque.",
        Trouble.GONE: "Ce n'est plus gardé.",
        Trouble.NO_PHOTO: "La photo n'est pas là ; le reste y est.",
        Trouble.ARCHIVE: "Ce n'est pas une copie exportée par cette application, ou elle est endommagée.",
        Trouble.KEY_LOST: "Ce qui est gardé est chiffré, et cet appareil n'a plus la clé.",
        Trouble.KEYS_SILENT: "Le coffre à clés de l'appareil ne répond pas.",
        Trouble.KEYS_FOREIGN: "Ce que contient le coffre à clés de l'appareil n'est pas une clé de cette application.",
    },
}


def told(problem: Exception, *, language: str) -> str:
    """What was refused, in this language; what others raise is told in their own words."""
    if isinstance(problem, PhotoError):
        return texts_for(language).refusal_of(problem)
    reason = getattr(problem, "reason", None)
    if language in SENTENCES and isinstance(reason, Trouble):
        return SENTENCES[language][reason]
    return str(problem)
