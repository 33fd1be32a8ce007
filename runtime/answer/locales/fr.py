"""French, formal (vous)."""

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

FRENCH = Texts(
    language="fr",
    language_name="Français",
    disclaimer=(
        "Ceci est un outil de recherche ; ce n'est ni un dispositif médical ni un diagnostic. Il peut passer à côté "
        "d'un cancer de la peau. Une tache nouvelle, qui change, qui saigne ou qui vous inquiète doit être montrée à "
        "un médecin, quoi que dise ce résultat."
    ),
    uncalibrated="non étalonné",
    uncalibrated_note=(
        "Non étalonné : les limites entre faible, modéré et élevé sont celles par défaut de ce modèle ; elles n'ont "
        "été choisies sur aucune donnée."
    ),
    advice=AdviceTable(
        low=AdviceTexts(
            label="Niveau d'alerte faible",
            headline="Peu de signes d'alerte sur cette photo.",
            urgency="Surveillez la tache chaque mois avec les signes ABCDE et consultez un médecin si elle change.",
            what_to_do=(
                "Prenez aujourd'hui une photo avec une règle à côté et comparez-la une fois par mois à une nouvelle.",
                "Consultez un médecin si elle change ou si l'un des signes d'alerte ci-dessous est présent.",
                "Faites examiner votre peau aussi souvent que votre médecin vous le recommande.",
            ),
        ),
        moderate=AdviceTexts(
            label="Niveau d'alerte modéré",
            headline="Faites examiner cette tache par un médecin.",
            urgency="Dans les 2 à 4 semaines : prenez rendez-vous chez un médecin ou en dermatologie.",
            what_to_do=(
                "Prenez rendez-vous maintenant, même si la tache ne vous gêne pas.",
                "Prenez aujourd'hui une photo avec une règle à côté, pour qu'un changement puisse se voir.",
                "Consultez plus tôt si l'un des signes d'alerte ci-dessous est présent.",
            ),
        ),
        high=AdviceTexts(
            label="Niveau d'alerte élevé",
            headline="Faites examiner cette tache rapidement par un médecin.",
            urgency=(
                "Dès que possible, au mieux dans les 1 à 2 semaines : demandez le prochain rendez-vous chez un médecin "
                "ou en dermatologie."
            ),
            what_to_do=(
                "Téléphonez et dites qu'une tache doit être examinée pour savoir si c'est un cancer de la peau.",
                "Montrez la tache elle-même au médecin ; ce résultat ne remplace pas l'examen.",
                "N'attendez pas de voir si elle change ; n'essayez ni de la traiter ni de l'enlever par vous-même.",
            ),
        ),
        cannot_assess=AdviceTexts(
            label="Évaluation impossible",
            headline="Cette photo ne peut pas être évaluée.",
            urgency="Inconnue : l'absence de résultat n'est pas un bon résultat.",
            what_to_do=(
                "Prenez une photo nette d'une seule tache à la lumière du jour, à environ 10 cm, la tache au milieu.",
                "Si une deuxième photo ne peut pas être évaluée non plus, montrez la tache à un médecin.",
                "N'attendez pas une photo si l'un des signes d'alerte ci-dessous est présent : consultez un médecin.",
            ),
        ),
        treatment=AdviceTexts(
            label="N'évoque pas un cancer, consultez",
            headline="Cela ne ressemble pas à un cancer ; consultez un médecin pour un traitement.",
            urgency=(
                "Dans les prochaines semaines ; tout de suite si cela s'étend vite, fait très mal ou s'accompagne de "
                "fièvre."
            ),
            what_to_do=(
                "Laissez un médecin trouver ce que c'est : beaucoup d'inflammations et d'infections se traitent.",
                "Montrez-le encore si ce n'est pas guéri en quatre semaines : un cancer peut ressembler à cela.",
                "Consultez plus tôt si l'un des signes d'alerte ci-dessous est présent.",
            ),
        ),
    ),
    reasons=ReasonTable(
        unfamiliar="Cette photo ne ressemble pas à celles avec lesquelles le modèle a appris.",
        strong_signs="Elle montre des signes forts que le modèle connaît du cancer de la peau.",
        some_signs="Elle montre quelques signes que le modèle connaît du cancer de la peau.",
        few_signs="Elle montre peu des signes que le modèle connaît du cancer de la peau.",
        condition_needs_doctor="Elle ressemble surtout à ceci, qu'un médecin doit examiner : {condition}.",
        inflammation="Elle ressemble surtout à une inflammation ou une infection.",
        on_the_edge=(
            "La photo est à la limite : cadrée un peu autrement, elle aurait un autre résultat. Le plus prudent est "
            "affiché. Une deuxième photo aide : prenez-en une et faites-la examiner aussi."
        ),
    ),
    problems=ProblemTable(
        too_dark="La photo est trop sombre. Reprenez-la avec plus de lumière.",
        overexposed="La photo est trop claire. Reprenez-la sans flash et sans soleil direct.",
        no_detail="La photo ne montre aucun détail. Placez la tache au milieu de l'image et reprenez-la.",
        blurred="La photo est floue. Tenez le téléphone immobile, touchez la tache à l'écran et reprenez-la.",
        glare="La lumière se reflète sur la tache. Éteignez le flash, inclinez le téléphone et reprenez la photo.",
        too_far="La tache est trop petite sur la photo. Approchez-vous : elle doit en remplir environ la moitié.",
        too_close="La tache ne tient pas dans la photo. Reculez jusqu'à voir de la peau tout autour.",
        colour_cast="Les couleurs sont fausses. Reprenez la photo à la lumière du jour, sans lumière ni filtre coloré.",
    ),
    conditions=ConditionTable(
        melanoma=ConditionTexts(
            name="Mélanome",
            description="Un cancer des cellules de la couleur ; il peut se propager, pris à temps il guérit souvent.",
        ),
        basal_cell_carcinoma=ConditionTexts(
            name="Carcinome basocellulaire",
            description="Le cancer de la peau le plus fréquent ; il se propage peu, mais envahit ce qui l'entoure.",
        ),
        squamous_cell_carcinoma=ConditionTexts(
            name="Carcinome épidermoïde",
            description="Un cancer de la peau, squameux ou en plaie, qui peut se propager si on ne l'enlève pas.",
        ),
        actinic_keratosis=ConditionTexts(
            name="Kératose actinique",
            description=(
                "Une plaque rugueuse due à des années de soleil ; on la traite, car elle peut devenir un cancer."
            ),
        ),
        melanocytic_nevus=ConditionTexts(
            name="Grain de beauté (nævus mélanocytaire)",
            description=(
                "Une tache de cellules colorées ; à montrer à un médecin si elle est nouvelle, change ou se distingue."
            ),
        ),
        seborrheic_keratosis=ConditionTexts(
            name="Kératose séborrhéique",
            description="Une excroissance cireuse ou verruqueuse liée à l'âge ; un mélanome peut lui ressembler.",
        ),
        dermatofibroma=ConditionTexts(
            name="Dermatofibrome",
            description="Une petite boule ferme dans la peau, souvent à la jambe ; à montrer si elle grossit.",
        ),
        vascular_lesion=ConditionTexts(
            name="Lésion vasculaire",
            description="Une tache rouge, bleue ou violette faite de vaisseaux sanguins ou de sang sous la peau.",
        ),
        non_neoplastic=ConditionTexts(
            name="Inflammation ou infection",
            description=(
                "Une éruption, une inflammation ou une infection, comme un eczéma ou une mycose ; à traiter si besoin."
            ),
        ),
        other=ConditionTexts(
            name="Autre chose",
            description="Aucun des neuf autres groupes ; seul un examen peut dire ce que c'est.",
        ),
    ),
    red_flags_now=(
        "Saignement, changement rapide ou plaie qui ne guérit pas : consultez un médecin maintenant, quoi que dise ce "
        "résultat."
    ),
    red_flags=(
        "Elle est nouvelle, ou change de taille, de forme ou de couleur.",
        "Elle saigne, suinte, démange, fait mal ou ne guérit pas en quatre semaines.",
        "Elle est en relief, ferme au toucher et continue de grandir.",
        "Elle est différente de toutes vos autres taches.",
        "Elle est sur la paume, la plante du pied, sous un ongle ou sur les lèvres.",
        "L'un des signes ABCDE est présent.",
    ),
    abcde=(
        "A, asymétrie : une moitié ne ressemble pas à l'autre.",
        "B, bords : le contour est irrégulier, dentelé ou flou.",
        "C, couleur : elle a plusieurs couleurs, ou une couleur inégale.",
        "D, diamètre : elle mesure plus de 6 mm, le bout d'un crayon.",
        "E, évolution : elle change de taille, de forme, de couleur ou au toucher.",
    ),
    why_heading="Pourquoi",
    what_to_do_heading="Que faire",
    red_flags_heading="Consultez un médecin dans tous les cas si",
    abcde_heading="Les signes ABCDE",
    conditions_heading="Ce à quoi cela ressemble le plus",
    condition_set="L'un de ceux-ci : {conditions}.",
    condition_set_of_one="Le plus probable : {conditions}.",
    model_line="Modèle {model_id}.",
    score_line="Score de malignité {score}.",
    explanation_caveat=(
        "Les parties jaunes de la photo ont augmenté le score, les bleues l’ont diminué. "
        "Les couleurs montrent ce qui a changé le score une fois caché, pas pourquoi, ni où se trouve une maladie. "
        "Une partie sans couleur peut aussi être dangereuse. "
        "L’image ne prouve rien et ne remplace pas un examen médical."
    ),
    no_explanation="Pas d’image de ce que le modèle a regardé : cette photo ne peut pas être évaluée.",
    progress="{done} photos sur {total}, encore {left} environ",
    summary="{file} : {judged} photos avec réponse, {failed} inutilisables.",
    passed_over="Fichiers ignorés, {count} : {files}.",
    passed_over_kinds=PassedOverTexts(
        hidden="cachés",
        empty="vides",
        video="vidéo",
        raw="RAW d’appareil photo (enregistrez en JPEG)",
        other_picture="image d’un type qui n’est pas lu (enregistrez en JPEG)",
        no_photo="pas des photos",
    ),
)
