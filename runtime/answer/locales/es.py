"""Spanish: formal (usted), words that are understood in Spain and in Latin America alike."""

from runtime.answer.locales.texts import (
    AdviceTable,
    AdviceTexts,
    ConditionTable,
    ConditionTexts,
    PassedOverTexts,
    ProblemTable,
    ReasonTable,
    Texts,
)

SPANISH = Texts(
    language="es",
    language_name="Español",
    disclaimer=(
        "Esta es una herramienta de investigación; no es un dispositivo médico ni un diagnóstico. Puede pasar por alto "
        "un cáncer de piel. Una mancha nueva, que cambia, que sangra o que le preocupa debe verse en una consulta "
        "médica, diga lo que diga este resultado."
    ),
    uncalibrated="sin calibrar",
    uncalibrated_note=(
        "Sin calibrar: los límites entre bajo, moderado y alto son los predeterminados de este modelo; no se eligieron "
        "con ningún dato."
    ),
    advice=AdviceTable(
        low=AdviceTexts(
            label="Nivel de alerta bajo",
            headline="Pocas señales de alarma en esta foto.",
            urgency="Vigile la mancha una vez al mes con las señales ABCDE y acuda a una consulta médica si cambia.",
            what_to_do=(
                "Tome hoy una foto con una regla al lado y compárela una vez al mes con una nueva.",
                "Acuda a una consulta médica si cambia o si se cumple alguna de las señales de alarma de abajo.",
                "Haga revisar su piel con la frecuencia que le hayan recomendado en la consulta médica.",
            ),
        ),
        moderate=AdviceTexts(
            label="Nivel de alerta moderado",
            headline="Haga que examinen esta mancha en una consulta médica.",
            urgency="En un plazo de 2 a 4 semanas: pida una cita de medicina general o de dermatología.",
            what_to_do=(
                "Pida la cita ahora, aunque la mancha no le moleste.",
                "Tome hoy una foto con una regla al lado, para que se note si cambia.",
                "Vaya antes si se cumple alguna de las señales de alarma de abajo.",
            ),
        ),
        high=AdviceTexts(
            label="Nivel de alerta alto",
            headline="Haga que examinen pronto esta mancha en una consulta médica.",
            urgency=(
                "Lo antes posible, mejor en un plazo de 1 a 2 semanas: pida la primera cita libre de medicina general "
                "o de dermatología."
            ),
            what_to_do=(
                "Llame y diga que necesita que le revisen una mancha por si fuera un cáncer de piel.",
                "Muestre la mancha misma en la consulta; este resultado no sustituye al examen.",
                "No espere a ver si cambia y no la trate ni la quite por su cuenta.",
            ),
        ),
        cannot_assess=AdviceTexts(
            label="No se puede evaluar",
            headline="Esta foto no se puede evaluar.",
            urgency="Se desconoce: no tener resultado no es un buen resultado.",
            what_to_do=(
                "Tome una foto nítida de una sola mancha con luz de día, a unos 10 cm, con la mancha en el centro.",
                "Si tampoco se puede evaluar una segunda foto, muestre la mancha en una consulta médica.",
                "No espere a otra foto si se cumple alguna de las señales de alarma de abajo: pida atención médica.",
            ),
        ),
        treatment=AdviceTexts(
            label="No parece cáncer, acuda a consulta",
            headline="Esto no parece un cáncer; acuda a una consulta médica para que lo traten.",
            urgency="En las próximas semanas; de inmediato si se extiende rápido, duele mucho o aparece fiebre.",
            what_to_do=(
                "Deje que en la consulta averigüen qué es: muchas inflamaciones e infecciones deben tratarse.",
                "Muéstrelo otra vez si no se cura en cuatro semanas: algunos cánceres de piel parecen inflamaciones.",
                "Vaya antes si se cumple alguna de las señales de alarma de abajo.",
            ),
        ),
    ),
    reasons=ReasonTable(
        unfamiliar="Esta foto no se parece a las fotos con las que aprendió el modelo.",
        strong_signs="Muestra señales fuertes que el modelo conoce del cáncer de piel.",
        some_signs="Muestra algunas señales que el modelo conoce del cáncer de piel.",
        few_signs="Muestra pocas de las señales que el modelo conoce del cáncer de piel.",
        condition_needs_doctor="A lo que más se parece es a esto, que debe verse en una consulta médica: {condition}.",
        inflammation="A lo que más se parece es a una inflamación o una infección.",
        on_the_edge=(
            "La foto está en el límite: encuadrada de forma un poco distinta tendría otro resultado. Se muestra el más "
            "prudente. Una segunda foto ayuda: haga otra y valórela también."
        ),
    ),
    problems=ProblemTable(
        too_dark="La foto es demasiado oscura. Repítala con más luz.",
        overexposed="La foto es demasiado clara. Repítala sin flash y sin sol directo.",
        no_detail="La foto no muestra ningún detalle. Ponga la mancha en el centro de la imagen y repítala.",
        blurred="La foto está borrosa. Mantenga quieto el teléfono, toque la mancha en la pantalla y repítala.",
        glare="La luz se refleja en la mancha. Apague el flash, incline un poco el teléfono y repita la foto.",
        too_far="La mancha es demasiado pequeña en la foto. Acérquese hasta que ocupe cerca de la mitad de la imagen.",
        too_close="La mancha no cabe en la foto. Aléjese hasta que se vea piel a su alrededor.",
        colour_cast="Los colores de la foto no son reales. Repítala con luz de día, sin luces de color ni filtros.",
    ),
    conditions=ConditionTable(
        melanoma=ConditionTexts(
            name="Melanoma",
            description="Un cáncer de las células del color de la piel; puede extenderse, a tiempo suele curarse.",
        ),
        basal_cell_carcinoma=ConditionTexts(
            name="Carcinoma basocelular",
            description="El cáncer de piel más frecuente; rara vez se extiende lejos, pero invade lo que lo rodea.",
        ),
        squamous_cell_carcinoma=ConditionTexts(
            name="Carcinoma escamocelular",
            description="Un cáncer de piel, a menudo con escamas o llagas, que puede extenderse si no se quita.",
        ),
        actinic_keratosis=ConditionTexts(
            name="Queratosis actínica",
            description=(
                "Una placa áspera por años de sol que puede convertirse en un cáncer de piel y que por eso se trata."
            ),
        ),
        melanocytic_nevus=ConditionTexts(
            name="Lunar (nevo melanocítico)",
            description=(
                "Una mancha de células de color; debe verse en consulta si es nueva, cambia o es distinta de las demás."
            ),
        ),
        seborrheic_keratosis=ConditionTexts(
            name="Queratosis seborreica",
            description="Un bulto como de cera o verruga que sale con la edad; un melanoma puede parecérsele.",
        ),
        dermatofibroma=ConditionTexts(
            name="Dermatofibroma",
            description="Un bulto pequeño y duro en la piel, a menudo en una pierna; debe verse en consulta si crece.",
        ),
        vascular_lesion=ConditionTexts(
            name="Lesión vascular",
            description="Una mancha roja, azul o morada formada por vasos sanguíneos o por sangre bajo la piel.",
        ),
        non_neoplastic=ConditionTexts(
            name="Inflamación o infección",
            description="Un sarpullido, inflamación o infección, como eczema u hongos; puede necesitar tratamiento.",
        ),
        other=ConditionTexts(
            name="Otra cosa",
            description="Ninguno de los otros nueve grupos; solo un examen puede decir qué es.",
        ),
    ),
    red_flags_now=(
        "Sangrado, cambio rápido o una herida que no se cierra: busque atención médica ahora, diga lo que diga este "
        "resultado."
    ),
    red_flags=(
        "Es nueva o cambia de tamaño, de forma o de color.",
        "Sangra, supura, pica, duele o no se cura en cuatro semanas.",
        "Está elevada, es firme al tacto y sigue creciendo.",
        "Es distinta de todas sus demás manchas.",
        "Está en la palma de la mano, en la planta del pie, debajo de una uña o en los labios.",
        "Se cumple alguna de las señales ABCDE.",
    ),
    abcde=(
        "A, asimetría: una mitad no es igual a la otra.",
        "B, bordes: el contorno es irregular, dentado o borroso.",
        "C, color: tiene varios colores o uno desigual.",
        "D, diámetro: mide más de 6 mm, el extremo de un lápiz.",
        "E, evolución: cambia de tamaño, de forma, de color o al tacto.",
    ),
    why_heading="Por qué",
    what_to_do_heading="Qué hacer",
    red_flags_heading="Acuda a una consulta médica en cualquier caso si",
    abcde_heading="Las señales ABCDE",
    conditions_heading="A qué se parece más",
    condition_set="Una de estas: {conditions}.",
    condition_set_of_one="Lo más probable: {conditions}.",
    model_line="Modelo {model_id}.",
    score_line="Puntuación de malignidad {score}.",
    explanation_caveat=(
        "Las partes amarillas de la foto subieron la puntuación, las azules la bajaron. "
        "Los colores muestran qué cambió la puntuación al taparlo, no por qué, ni dónde hay una enfermedad. "
        "Una parte sin color también puede ser peligrosa. La imagen no prueba nada y no sustituye a un examen médico."
    ),
    no_explanation="No hay imagen de lo que miró el modelo: esta foto no se puede valorar.",
    progress="{done} de {total} fotos, quedan unos {left}",
    summary="{file}: {judged} fotos con respuesta, {failed} no se pudieron usar.",
    passed_over="Archivos omitidos, {count}: {files}.",
    passed_over_kinds=PassedOverTexts(
        hidden="ocultos",
        empty="vacíos",
        video="vídeo",
        raw="RAW de cámara (guárdelos como JPEG)",
        other_picture="imagen de un tipo que no se lee (guárdela como JPEG)",
        no_photo="no son fotos",
    ),
)
