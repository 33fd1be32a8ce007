"""Spanish."""

from mobile_app.locales.texts import (
    AnswerTexts,
    BodyTexts,
    CameraTexts,
    CheckTexts,
    GuideTexts,
    MeasureTexts,
    SettingTexts,
    SpotTexts,
    StartTexts,
    Texts,
    TroubleTexts,
)

SPANISH = Texts(
    app="SkinTag Edge",
    tabs=("Foto", "Mis manchas", "Guía", "Ajustes"),
    date="%d/%m/%Y",
    start=StartTexts(
        steps=(
            (
                "¿Cuándo debería verlo alguien?",
                "Haga una foto de una mancha de la piel. La aplicación dice cuándo debería verla un médico.",
            ),
            ("Funciona sin red", "La foto se valora aquí. No se envía a nadie."),
            (
                "No es un médico",
                "Se le escapan cánceres y puede preocupar sin necesidad. Una mancha nueva, que cambia o que sangra "
                "debe verla un médico, diga lo que diga la aplicación.",
            ),
            (
                "Menos segura en piel oscura",
                "Ha visto pocas fotos de piel oscura y allí no puede prometer lo mismo. Mire también palmas, plantas y "
                "uñas. Cuando no puede valorar una foto, lo dice.",
            ),
        ),
        next="Siguiente",
        skip="Omitir",
        begin="Empezar",
        question="¿Cuándo debería verlo alguien?",
        tips=(
            "Una sola mancha, en el centro, que ocupe cerca de la mitad de la imagen.",
            "Luz de día uniforme; sin sombra ni reflejo del flash.",
            "No se mueva hasta que la piel se vea nítida.",
        ),
        choose_photo="Elegir una foto",
        take_photo="Hacer una foto",
        choose_dialog="Elija una foto de una mancha de la piel",
        on_this_device="Funciona sin red. Las fotos nunca salen de este dispositivo.",
        on_that_computer="Las fotos las valora el ordenador que ofrece esta página, y no se guardan tras esta visita.",
        kept_for_all=(
            "Las fotos las valora el ordenador que ofrece esta página. Lo que guarde queda allí, sin cifrar, "
            "y lo ve quien abra esta página."
        ),
        on_this_computer="Las fotos se valoran en este ordenador y no se guardan tras esta visita.",
        judged_elsewhere=(
            "La foto la valora otro ordenador",
            "Se envía al ordenador que ofrece esta página, y a nadie más.",
        ),
        visit_ends=(
            "Una visita termina {minutes} min después de cerrar su página; entonces se olvida lo que no se guardó."
        ),
        visit_ends_at_once="Una visita termina al cerrar su página; entonces se olvida lo que no se guardó.",
        typed_in_tab=(
            "Lo que escribe queda también en esta pestaña del navegador, sin cifrar, junto con sus ajustes, hasta "
            "que se cierre la pestaña."
        ),
        restarted=(
            "El programa de esta página se reinició. Lo guardado sigue ahí; las fotos y los resultados que no se "
            "guardaron se han perdido."
        ),
        restarted_all_gone=(
            "El programa de esta página se reinició. Las fotos, los resultados y las manchas de antes se han perdido."
        ),
        restarted_typed="Lo que escribió sin guardarlo sigue aquí, en su formulario.",
    ),
    camera=CameraTexts(
        title="Ponga la mancha en el círculo",
        hint=(
            "Sujete el teléfono a un palmo, sin moverlo, con luz uniforme. La mancha debería caber justo en el círculo."
        ),
        ready="Bien: haga la foto ahora.",
        finder="Lo que ve la cámara, con un círculo en el centro",
        opening="Abriendo la cámara",
        shutter="Hacer la foto",
        light="Encender o apagar la luz",
        none="La cámara no se puede usar",
        none_found="No se encontró ninguna cámara. Elija una foto.",
        refused=(
            "La cámara no se abrió ({reason}). Permítala en los ajustes del dispositivo o del navegador, o "
            "elija una foto."
        ),
    ),
    check=CheckTexts(
        title="¿Está la mancha en el cuadro?",
        good="La foto es lo bastante buena para valorarla.",
        not_good="No se puede valorar esta foto",
        frame_hint=(
            "Arrastre la foto hasta que la mancha quede en el centro. Debería ocupar cerca de la mitad del cuadro."
        ),
        frame_spoken="La parte de la foto que se valorará, ampliada {zoom} veces",
        zoom_in="Acercar",
        zoom_out="Alejar",
        whole="Foto entera",
        around_spot="Junto a la mancha",
        move_left="Mover el cuadro a la izquierda",
        move_right="Mover el cuadro a la derecha",
        move_up="Mover el cuadro hacia arriba",
        move_down="Mover el cuadro hacia abajo",
        judge="Valorar esta mancha",
        judge_anyway="Seguir sin resultado",
        retake="Hacer o elegir otra foto",
        opening="Abriendo la foto",
        analysing="Mirando la foto",
        analysing_hint="Tarda alrededor de un segundo.",
        cancel="Cancelar",
    ),
    answer=AnswerTexts(
        choose_another="Elegir otra foto",
        another="Otra foto",
        retake="Hacer o elegir otra foto",
        the_photo="La foto, {name}",
        judged_part="Lo que mira el modelo",
        back_to_square="Mover el cuadro",
        tier_spoken="Resultado: {tier}",
        why="Por qué",
        what_to_do="Qué hacer",
        red_flags="Señales de alarma",
        red_flags_hint="Si se cumple una de ellas, vaya al médico, diga lo que diga el resultado.",
        conditions="A qué se parece más",
        conditions_hint="Cómo pondera el modelo diez grupos de afecciones. No es un diagnóstico.",
        condition_spoken="{name}: {percent}",
        less_than_one="<1 %",
        percent="{value} %",
        show_all="Mostrar las {count}",
        show_fewer="Mostrar menos",
        not_calibrated=(
            "Los umbrales de este modelo no se han calibrado con fotos de pacientes. No confíe en su resultado."
        ),
        model="Modelo {model_id}",
        disclaimer_title="No es un diagnóstico",
        where_looked="Mostrar dónde miró el modelo",
        looking="Buscando lo que contó",
        looked_at="La foto con lo que contó para el modelo señalado",
        keep="Guardar con mis manchas",
        share="Para un médico",
        share_pdf="Compartir como PDF",
        save_pdf="Guardar como PDF",
        save_png="Guardar como imagen",
        copy="Copiar como texto",
        copied="Copiado",
        shared="Compartido",
        saved="Guardado",
        enlarge="Ampliar la foto",
        shrink="Cerrar la foto",
        dismiss="Cerrar el mensaje",
        failed="Eso no funcionó",
        not_saved="No se pudo guardar: {reason}",
    ),
    trouble=TroubleTexts(
        refused_title="Este archivo no se puede usar",
        refused_advice="Elija la imagen tal como la guardó la cámara, o guárdela de nuevo como JPEG y elija esa.",
        heic_advice=(
            "Es una foto HEIC, como las guardan los iPhone. Guárdela de nuevo como JPEG y elija esa, o haga otra: en "
            "el iPhone, con Ajustes > Cámara > Formatos > Más compatible cada foto nueva será un JPEG."
        ),
        bundle_title="El modelo no se puede usar",
        bundle_advice=(
            "No se puede valorar ninguna foto hasta que se arregle. Su foto no tiene nada malo.",
            "Instale la aplicación de nuevo, o iníciela con --bundle y la carpeta de un paquete verificado.",
        ),
        unexpected_title="Algo salió mal",
        unexpected_advice=(
            "Esta foto no se valoró. Inténtelo otra vez; si vuelve a fallar, cierre otras aplicaciones y reinicie esta."
        ),
        details="Qué ocurrió",
        leaving="Se perderá lo que no haya guardado. Vuelva atrás otra vez para salir.",
        try_again="Intentar otra vez",
        begin_anew="Empezar con una lista vacía",
        begin_anew_sure="Lo que hay ahora se aparta, sin borrarlo, y la aplicación ya no lo muestra.",
        not_arrived_title="El archivo no ha llegado",
        not_arrived=(
            "{name} no ha llegado: la conexión se cortó o fue rechazada, o el navegador ya no pudo leer el "
            "archivo. Compruebe la red y vuelva a elegirlo."
        ),
        unreachable_title="No se puede conectar con el ordenador de esta página",
        unreachable_advice=(
            "Si solo falla la red, lo que ha hecho aquí sigue ahí. Compruebe la red y que el programa siga en marcha; "
            "la página continúa sola cuando el ordenador responda."
        ),
        too_large=(
            "{name} ocupa {size} MB; se pueden leer {most} MB como máximo. No se ha enviado nada. Elija una imagen más "
            "pequeña o guarde esta como JPEG."
        ),
        store_title="No se pueden abrir sus manchas",
        store_advice="Las fotos se pueden valorar, pero no se guarda nada. Lo guardado antes no se ha tocado.",
    ),
    spots=SpotTexts(
        title="Mis manchas",
        none_yet="Aún no hay nada guardado. Tras un resultado, guarde la foto con una mancha para compararla después.",
        none_found="Ninguna mancha coincide.",
        search="Buscar por nombre o nota",
        any_place="En cualquier parte del cuerpo",
        keep_title="¿Qué mancha es?",
        new_spot="Una mancha nueva",
        which_spot="Mancha",
        name="Nombre",
        name_hint="Por ejemplo: lunar bajo el hombro izquierdo",
        unprintable=(
            "Algunas de estas letras no se pueden imprimir: la hoja para la consulta médica mostrará «?» en su lugar."
        ),
        unshown="Algunas de estas letras no se pueden imprimir, y puede que un navegador no las muestre.",
        no_name="Mancha sin nombre",
        place="En qué parte del cuerpo",
        no_place="Sin indicar",
        front="De frente",
        back_view="De espaldas",
        notes="Notas",
        save="Guardar",
        changed_title="¿Ha cambiado desde la última vez?",
        changed_hint="Cada sí es motivo para ver a un médico, diga lo que diga el resultado.",
        changed=(
            ("asymmetry", "¿Una mitad se ha vuelto distinta de la otra?"),
            ("border", "¿Su borde se ha vuelto irregular o borroso?"),
            ("colour", "¿Tiene un color nuevo, o más colores?"),
            ("diameter", "¿Ha crecido?"),
            ("evolution", "¿Ha cambiado de alguna otra manera?"),
            ("bleeding", "¿Ha sangrado, supurado o formado costra?"),
            ("itch", "¿Pica o duele?"),
        ),
        said=(
            ("asymmetry", "Una mitad se ha vuelto distinta de la otra"),
            ("border", "Su borde se ha vuelto irregular o borroso"),
            ("colour", "Tiene un color nuevo, o más colores"),
            ("diameter", "Ha crecido"),
            ("evolution", "Ha cambiado de otra manera"),
            ("bleeding", "Ha sangrado, supurado o formado costra"),
            ("itch", "Pica o duele"),
        ),
        ahead="Esta fecha está en el futuro: el reloj del dispositivo estaba mal.",
        again="Nueva foto de esta mancha",
        again_of="La próxima foto es de: {name}",
        again_not="No es de esta mancha",
        show_answer="Ver el resultado",
        clear_search="Borrar la búsqueda",
        photos="Fotos: {count}",
        no_photo_kept="La foto no se guardó.",
        not_assessed="Sin valorar",
        compare="Comparar",
        compare_hint="Deslice sobre la foto: a la izquierda de la línea está la anterior.",
        compare_spoken="La foto anterior y la posterior, con una línea entre ellas",
        earlier="Foto anterior",
        later="Foto posterior",
        trend="Con el tiempo",
        trend_tier="Resultado",
        trend_size="Tamaño en el cuadro",
        trend_spoken="Con el tiempo: {points}",
        level_low="Bajo",
        level_treatment="Tratamiento",
        level_moderate="Moderado",
        level_high="Alto",
        size="{percent} del cuadro",
        remind="Recordármelo",
        remind_weeks="En {weeks} semanas",
        remind_event="Fotografiar la mancha: {name}",
        remind_saved="Abra el archivo de calendario guardado para añadir el recordatorio a su calendario.",
        due="Próxima foto: {date}",
        edit="Cambiar nombre, lugar y notas",
        back="Atrás",
        delete_photo="Borrar esta foto",
        delete_spot="Borrar esta mancha",
        delete_sure="No se podrá recuperar.",
        delete="Borrar",
        keep_it="Cancelar",
    ),
    settings=SettingTexts(
        title="Ajustes",
        language="Idioma",
        theme="Apariencia",
        theme_system="Como el dispositivo",
        theme_light="Clara",
        theme_dark="Oscura",
        text_size="Tamaño del texto",
        text_sizes=("Normal", "Mayor", "Grande", "Máximo"),
        keep_photos="Guardar fotos",
        keep_photos_hint="Desactivado: los resultados se guardan sin sus fotos.",
        storage="Lo que se guarda",
        stored="Manchas: {spots}, fotos: {photos}, {megabytes} MB",
        protected="Las fotos y notas están cifradas con una clave que guarda este dispositivo.",
        not_protected="La aplicación no cifra las fotos ni las notas. Las protege el bloqueo del dispositivo.",
        session_only="Se guardan solo durante esta visita.",
        sealed_for_visit=(
            "Se guardan solo durante esta visita, cifradas con una clave que solo está en la memoria del programa."
        ),
        export_all="Guardar todo en un archivo",
        import_all="Recuperar un archivo así",
        imported="Añadido: manchas {spots}, fotos {photos}.",
        not_imported="No se pudo recuperar: {reason}",
        coming="{name}: ha llegado el {percent} %",
        import_too_large=(
            "{name} tiene {size} MB; por una página se pueden recuperar como mucho {most} MB. No se envió nada. "
            "La aplicación misma, sin navegador, no tiene ese límite."
        ),
        export_too_large=(
            "Todo junto ocupa {size} MB; por una página se pueden guardar como mucho {most} MB. Borre fotos que "
            "no hagan falta o pida que se copie la carpeta del programa."
        ),
        delete_all="Borrar todo",
        delete_all_sure="Se borrarán todas las manchas, fotos y notas. No se podrán recuperar.",
        deleted="Se borró todo.",
        about="Acerca de",
        about_text=(
            "Una ayuda de cribado para quien no tiene dermatólogo. Valora una foto cada vez, en este dispositivo."
        ),
        about_elsewhere=(
            "Una ayuda de cribado para quien no tiene dermatólogo. Valora una foto cada vez, en el "
            "ordenador que ofrece esta página."
        ),
        model="Modelo",
        model_card="Sobre el modelo",
        trained_on="Aprendió de fotos de",
        licence="Licencia",
        made_on="Creado el",
        prevalence="Proporción de lesiones malignas con la que cuenta",
        declared="{share}: declarada por quienes lo crearon, no medida",
        size="Tamaño",
        limits="Para qué no sirve",
        not_assured="Hay demasiado pocas fotos para prometer algo en pieles de fototipo (Fitzpatrick): {groups}.",
        figures="Medido con fotos que no había visto",
        sensitivity="Cánceres que no salen como bajo",
        melanomas="Melanomas que no salen como bajo",
        specificity="Manchas benignas que salen como bajo",
        auc="Qué bien distingue los cánceres (AUC, 1 es lo mejor)",
        licences="Licencias de los componentes",
        licences_hint="Esta aplicación contiene trabajo de otros. Cada parte tiene su propia licencia.",
        introduction="Mostrar otra vez la introducción",
    ),
    measure=MeasureTexts(
        measure_here="Medir este dispositivo",
        measure_there="Medir ese ordenador",
        about=(
            "Valora una foto dibujada al menos {samples} veces y durante al menos {seconds} segundos, y "
            "cronometra cada paso. No se usa ninguna foto suya. Casi todos los dispositivos tardan dos minutos; "
            "un teléfono lento, diez o más."
        ),
        measured_there="Mide el ordenador que ofrece esta página, no el dispositivo que tiene en la mano.",
        measured_here=(
            "El dispositivo se calienta y gasta batería. Cierre otras aplicaciones, quítele la funda y déjelo "
            "quieto hasta que la barra esté llena."
        ),
        begin="Empezar a medir",
        again="Medir otra vez",
        stop="Dejar de medir",
        going="Hecho: {percent} %",
        leave_it="Mientras tanto se puede usar el resto de la aplicación, pero las cifras empeoran.",
        busy="Ya se está midiendo algo. Inténtelo de nuevo cuando termine.",
        failed="No se pudo medir: {reason}",
        milliseconds="{ms} ms",
        typical="La mitad de las fotos se valora en",
        nine_of_ten="Nueve de cada diez se valoran en",
        drift="Del principio al final",
        steady="igual de rápido",
        slower="{percent} % más lento",
        faster="{percent} % más rápido",
        parts_title="En qué se va el tiempo",
        parts=(
            ("decode", "Abrir la foto"),
            ("gate", "Comprobar su calidad"),
            ("model", "El modelo"),
            ("decision", "Decidir"),
        ),
        valid_title="Estas cifras se pueden comparar",
        valid="Hubo fotos suficientes, duró lo suficiente y el ritmo no cambió.",
        invalid_title="No se deben comparar con otros dispositivos",
        reasons=(
            ("too_few_samples", "Solo se valoraron {found} fotos; hacen falta {limit}."),
            ("too_short", "Duró {found} segundos; hacen falta {limit}."),
            ("spread", "Los tiempos varían un {found} %; se permite como mucho un {limit} %."),
            (
                "drift",
                "El ritmo cambió un {found} %; se permite como mucho un {limit} %: mida otra vez tras una pausa.",
            ),
            (
                "other_load",
                "Otros programas ocuparon un {found} % del procesador; se permite como mucho un {limit} %.",
            ),
        ),
        known_title="Junto a otros dispositivos",
        known_about=(
            "La misma foto, del archivo a la respuesta, primero el más rápido. "
            "Aquí solo hay mediciones que cumplen la regla."
        ),
        known_line="{name}: {typical}, nueve de cada diez en {nine_of_ten}",
        just_measured="Medido ahora",
        other_model="otro modelo",
        file_hint=(
            "El archivo contiene cada tiempo, el equipo y el sistema medidos y sus temperaturas. No contiene nada "
            "sobre usted ni sobre sus fotos."
        ),
        save="Guardar el archivo de resultados",
        share="Compartir el archivo de resultados",
    ),
    guide=GuideTexts(
        title="En qué fijarse",
        abcde="Cinco cosas que comparar, mes a mes",
        same_for_all=(
            "Las mismas señales valen en toda piel. En piel morena y negra el melanoma aparece más a menudo en palmas, "
            "plantas, bajo las uñas y dentro de la boca: mire también allí, y una raya oscura en una uña que se "
            "ensancha."
        ),
        find_title="Quién puede verlo",
        find=(
            "Una enfermera, un agente de salud o el médico de familia pueden mirar primero y derivarle.",
            "Pregunte por dermatología en el hospital más cercano; muchos tienen un día para manchas urgentes.",
            "Donde no hay dermatólogo, pregunte si se le puede enviar la hoja con la foto: guárdela como PDF.",
            "Sangrado, crecimiento rápido o una mancha oscura nueva: vaya ya, no espere a una cita.",
        ),
    ),
    body=BodyTexts(
        scalp="Cuero cabelludo",
        face="Cara",
        ear="Oreja",
        neck="Cuello",
        chest="Pecho",
        abdomen="Vientre",
        groin="Ingle",
        upper_back="Parte alta de la espalda",
        lower_back="Parte baja de la espalda",
        buttock="Nalga",
        shoulder="Hombro",
        upper_arm="Brazo",
        forearm="Antebrazo",
        hand="Dorso de la mano",
        palm="Palma",
        thigh="Muslo",
        lower_leg="Pierna",
        foot="Dorso del pie",
        sole="Planta del pie",
        nail="Uña",
        left="{region}, lado izquierdo",
        right="{region}, lado derecho",
    ),
)
