"""Why a photo was not read, in the languages other than English, which is the errors' own."""

from collections.abc import Mapping

from runtime.errors import Refusal

REFUSALS: Mapping[str, Mapping[Refusal, str]] = {
    "es": {
        Refusal.UNREADABLE: "No se puede leer.",
        Refusal.MISSING: "El archivo no existe.",
        Refusal.NO_FILE: "No es el archivo de una foto.",
        Refusal.EMPTY: "El archivo está vacío.",
        Refusal.DAMAGED: "La foto está dañada. Vuelva a copiarla o elija otra.",
        Refusal.NO_PHOTO: "No es una foto que este programa pueda leer (JPEG, PNG, WebP, TIFF, BMP o GIF fijo).",
        Refusal.HEIC: "No se pueden leer fotos HEIC. Guárdela o compártala como JPEG.",
        Refusal.SEVERAL: "El archivo {format} tiene varias imágenes o páginas. Elija una y guárdela como foto.",
        Refusal.TOO_MANY_BYTES: "Tiene más de {most} MB. Guárdela más pequeña e inténtelo de nuevo.",
        Refusal.TOO_MANY_PIXELS: "Tiene más de {most} millones de píxeles. Guárdela más pequeña.",
        Refusal.TOO_COSTLY: "Necesita demasiada memoria. Guárdela más pequeña o como JPEG sencillo.",
        Refusal.TOO_SMALL: "{width} x {height} píxeles son muy pocos: hacen falta al menos {least} por lado.",
        Refusal.ODD_FILE: "Está guardada de una forma que ninguna cámara usa. Guárdela de nuevo como JPEG o PNG.",
        Refusal.ODD_PIXELS: "Sus píxeles no tienen un brillo definido. Guárdela como foto RGB de 8 bits.",
        Refusal.PROFILE: "Su perfil de color no se puede leer en este dispositivo. Guárdela como foto sRGB.",
        Refusal.NO_MEMORY: "No hay memoria suficiente para abrirla.",
        Refusal.NO_PHOTOS: "No hay ninguna foto en esta carpeta.",
    },
    "pt": {
        Refusal.UNREADABLE: "Não pode ser lida.",
        Refusal.MISSING: "O arquivo não existe.",
        Refusal.NO_FILE: "Não é o arquivo de uma foto.",
        Refusal.EMPTY: "O arquivo está vazio.",
        Refusal.DAMAGED: "A foto está danificada. Copie-a de novo ou escolha outra.",
        Refusal.NO_PHOTO: "Não é uma foto que este programa consiga ler (JPEG, PNG, WebP, TIFF, BMP ou GIF parado).",
        Refusal.HEIC: "Fotos HEIC não podem ser lidas. Salve-a ou compartilhe-a como JPEG.",
        Refusal.SEVERAL: "O arquivo {format} tem várias imagens ou páginas. Escolha uma e salve-a como foto.",
        Refusal.TOO_MANY_BYTES: "Tem mais de {most} MB. Salve-a menor e tente de novo.",
        Refusal.TOO_MANY_PIXELS: "Tem mais de {most} milhões de pixels. Salve-a menor.",
        Refusal.TOO_COSTLY: "Precisa de memória demais. Salve-a menor ou como JPEG simples.",
        Refusal.TOO_SMALL: "{width} x {height} pixels são poucos: são precisos pelo menos {least} de cada lado.",
        Refusal.ODD_FILE: "Está salva de um jeito que nenhuma câmera usa. Salve-a de novo como JPEG ou PNG.",
        Refusal.ODD_PIXELS: "Seus pixels não têm um brilho definido. Salve-a como foto RGB de 8 bits.",
        Refusal.PROFILE: "Seu perfil de cor não pode ser lido neste aparelho. Salve-a como foto sRGB.",
        Refusal.NO_MEMORY: "Não há memória suficiente para abri-la.",
        Refusal.NO_PHOTOS: "Não há nenhuma foto nesta pasta.",
    },
    "fr": {
        Refusal.UNREADABLE: "Illisible.",
        Refusal.MISSING: "Le fichier n'existe pas.",
        Refusal.NO_FILE: "Ce n'est pas le fichier d'une photo.",
        Refusal.EMPTY: "Le fichier est vide.",
        Refusal.DAMAGED: "La photo est endommagée. Copiez-la de nouveau ou choisissez-en une autre.",
        Refusal.NO_PHOTO: "Ce programme ne sait pas lire ce fichier (JPEG, PNG, WebP, TIFF, BMP ou GIF fixe).",
        Refusal.HEIC: "Les photos HEIC ne peuvent pas être lues. Enregistrez-la ou partagez-la en JPEG.",
        Refusal.SEVERAL: "Le fichier {format} contient plusieurs images ou pages. Enregistrez-en une comme photo.",
        Refusal.TOO_MANY_BYTES: "Elle dépasse {most} Mo. Enregistrez-la plus petite et réessayez.",
        Refusal.TOO_MANY_PIXELS: "Elle dépasse {most} millions de pixels. Enregistrez-la plus petite.",
        Refusal.TOO_COSTLY: "Elle demande trop de mémoire. Enregistrez-la plus petite ou en JPEG simple.",
        Refusal.TOO_SMALL: "{width} x {height} pixels ne suffisent pas : il en faut au moins {least} de chaque côté.",
        Refusal.ODD_FILE: (
            "Elle est enregistrée comme aucun appareil ne le fait. Enregistrez-la de nouveau en JPEG ou PNG."
        ),
        Refusal.ODD_PIXELS: "Ses pixels n'ont pas de luminosité définie. Enregistrez-la comme photo RVB de 8 bits.",
        Refusal.PROFILE: "Son profil de couleur ne peut pas être lu sur cet appareil. Enregistrez-la comme photo sRGB.",
        Refusal.NO_MEMORY: "Il n'y a pas assez de mémoire pour l'ouvrir.",
        Refusal.NO_PHOTOS: "Il n'y a aucune photo dans ce dossier.",
    },
}
"""Each with the {blanks} that `Refusal` names."""
