"""French."""

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

FRENCH = Texts(
    app="SkinTag Edge",
    tabs=("Photo", "Mes taches", "Guide", "Réglages"),
    date="%d/%m/%Y",
    start=StartTexts(
        steps=(
            (
                "Quand faut-il faire voir cela ?",
                "Photographiez une tache sur la peau. L'application dit quand un médecin devrait la voir.",
            ),
            ("Elle marche sans réseau", "La photo est examinée ici. Elle n'est envoyée à personne."),
            (
                "Ce n'est pas un médecin",
                "Elle laisse passer des cancers et peut inquiéter pour rien. Une tache nouvelle, qui change ou "
                "qui saigne "
                "doit être vue par un médecin, quoi que dise l'application.",
            ),
            (
                "Moins sûre sur la peau foncée",
                "Elle a vu peu de photos de peau foncée et ne peut y promettre autant. Regardez aussi paumes, "
                "plantes et "
                "ongles. Quand elle ne peut pas juger une photo, elle le dit.",
            ),
        ),
        next="Suivant",
        skip="Passer",
        begin="Commencer",
        question="Quand faut-il faire voir cela ?",
        tips=(
            "Une seule tache, au milieu, qui occupe à peu près la moitié de l'image.",
            "Une lumière du jour égale ; ni ombre, ni reflet du flash.",
            "Ne bougez plus tant que la peau n'est pas nette.",
        ),
        choose_photo="Choisir une photo",
        take_photo="Prendre une photo",
        choose_dialog="Choisissez la photo d'une tache sur la peau",
        on_this_device="Marche sans réseau. Les photos ne quittent jamais cet appareil.",
        on_that_computer=(
            "Les photos sont examinées par l'ordinateur qui sert cette page, et ne sont pas gardées après la visite."
        ),
        kept_for_all=(
            "L'ordinateur qui sert cette page examine les photos. Ce que vous gardez y reste, non chiffré, "
            "et quiconque ouvre cette page le voit."
        ),
        on_this_computer="Les photos sont examinées sur cet ordinateur et ne sont pas gardées après la visite.",
        judged_elsewhere=(
            "Un autre ordinateur examine la photo",
            "Elle est envoyée à l'ordinateur qui sert cette page, et à personne d'autre.",
        ),
        visit_ends=(
            "Une visite finit {minutes} min après la fermeture de sa page ; ce qui n'a pas été gardé est alors oublié."
        ),
        visit_ends_at_once="Une visite finit à la fermeture de sa page ; ce qui n'a pas été gardé est alors oublié.",
        typed_in_tab=(
            "Ce que vous écrivez reste aussi dans cet onglet du navigateur, non chiffré, avec vos réglages, "
            "jusqu'à la fermeture de l'onglet."
        ),
        restarted=(
            "Le programme de cette page a redémarré. Ce qui a été gardé est toujours là ; les photos et les "
            "résultats non gardés sont perdus."
        ),
        restarted_all_gone=(
            "Le programme de cette page a redémarré. Les photos, les résultats et les taches d'avant sont perdus."
        ),
        restarted_typed="Ce que vous aviez écrit sans l'enregistrer est toujours là, dans son formulaire.",
    ),
    camera=CameraTexts(
        title="Placez la tache dans le cercle",
        hint=(
            "Tenez le téléphone à une paume de distance, sans bouger, dans une lumière égale. La tache doit "
            "juste tenir dans le cercle."
        ),
        ready="C'est bon : prenez la photo maintenant.",
        finder="Ce que voit l'appareil photo, avec un cercle au milieu",
        opening="Ouverture de l'appareil photo",
        shutter="Prendre la photo",
        light="Allumer ou éteindre la lumière",
        none="L'appareil photo ne peut pas être utilisé",
        none_found="Aucun appareil photo n'a été trouvé. Choisissez une photo.",
        refused=(
            "L'appareil photo ne s'est pas ouvert ({reason}). Autorisez-le dans les réglages de l'appareil "
            "ou du navigateur, ou choisissez une photo."
        ),
    ),
    check=CheckTexts(
        title="La tache est-elle dans le carré ?",
        good="La photo est assez bonne pour être examinée.",
        not_good="Cette photo ne peut pas être jugée",
        frame_hint=(
            "Faites glisser la photo pour que la tache soit au milieu. Elle devrait remplir à peu près la moitié du "
            "carré."
        ),
        frame_spoken="La partie de la photo qui sera examinée, agrandie {zoom} fois",
        zoom_in="Rapprocher",
        zoom_out="Éloigner",
        whole="Photo entière",
        around_spot="Autour de la tache",
        move_left="Déplacer le carré à gauche",
        move_right="Déplacer le carré à droite",
        move_up="Déplacer le carré vers le haut",
        move_down="Déplacer le carré vers le bas",
        judge="Examiner cette tache",
        judge_anyway="Continuer sans résultat",
        retake="Prendre ou choisir une autre photo",
        opening="Ouverture de la photo",
        analysing="Examen de la photo",
        analysing_hint="Cela prend environ une seconde.",
        cancel="Annuler",
    ),
    answer=AnswerTexts(
        choose_another="Choisir une autre photo",
        another="Autre photo",
        retake="Prendre ou choisir une autre photo",
        the_photo="La photo, {name}",
        judged_part="Ce que le modèle regarde",
        back_to_square="Déplacer le carré",
        tier_spoken="Résultat : {tier}",
        why="Pourquoi",
        what_to_do="Que faire",
        red_flags="Signes d'alerte",
        red_flags_hint="Si l'un d'eux est présent, voyez un médecin, quoi que dise le résultat.",
        conditions="À quoi cela ressemble le plus",
        conditions_hint="Comment le modèle pondère dix groupes d'affections. Ce n'est pas un diagnostic.",
        condition_spoken="{name} : {percent}",
        less_than_one="<1 %",
        percent="{value} %",
        show_all="Montrer les {count}",
        show_fewer="En montrer moins",
        not_calibrated="Les seuils de ce modèle n'ont pas été calibrés sur des photos de patients. Ne vous y fiez pas.",
        model="Modèle {model_id}",
        disclaimer_title="Ce n'est pas un diagnostic",
        where_looked="Montrer où le modèle a regardé",
        looking="Recherche de ce qui a compté",
        looked_at="La photo, avec ce qui a compté pour le modèle",
        keep="Garder avec mes taches",
        share="Pour un médecin",
        share_pdf="Partager en PDF",
        save_pdf="Enregistrer en PDF",
        save_png="Enregistrer en image",
        copy="Copier le texte",
        copied="Copié",
        shared="Partagé",
        saved="Enregistré",
        enlarge="Agrandir la photo",
        shrink="Fermer la photo",
        dismiss="Fermer le message",
        failed="Cela n'a pas marché",
        not_saved="Impossible d'enregistrer : {reason}",
    ),
    trouble=TroubleTexts(
        refused_title="Ce fichier ne peut pas être utilisé",
        refused_advice="Choisissez l'image telle que l'appareil l'a enregistrée, ou réenregistrez-la en JPEG.",
        heic_advice=(
            "C'est une photo HEIC, comme l'iPhone les enregistre. Réenregistrez-la en JPEG et choisissez celle-ci, ou "
            "prenez-en une autre : sur l'iPhone, avec Réglages > Appareil photo > Formats > Le plus compatible, chaque "
            "nouvelle photo sera un JPEG."
        ),
        bundle_title="Le modèle ne peut pas être utilisé",
        bundle_advice=(
            "Aucune photo ne peut être examinée tant que ce n'est pas réparé. Votre photo n'est pas en cause.",
            "Réinstallez l'application, ou lancez-la avec --bundle et le dossier d'un lot vérifié.",
        ),
        unexpected_title="Quelque chose s'est mal passé",
        unexpected_advice=(
            "Cette photo n'a pas été examinée. Réessayez ; si cela échoue encore, fermez d'autres applications."
        ),
        details="Ce qui s'est passé",
        leaving="Ce que vous n'avez pas gardé sera perdu. Revenez encore une fois en arrière pour quitter.",
        try_again="Réessayer",
        begin_anew="Commencer avec une liste vide",
        begin_anew_sure=(
            "Ce qui est là maintenant est mis de côté, sans être supprimé, et l'application ne le montre plus."
        ),
        not_arrived_title="Le fichier n'est pas arrivé",
        not_arrived=(
            "{name} n'est pas arrivé : la connexion a été coupée ou refusée, ou le navigateur ne pouvait plus "
            "lire le fichier. Vérifiez le réseau, puis choisissez-le à nouveau."
        ),
        unreachable_title="L'ordinateur qui sert cette page est injoignable",
        unreachable_advice=(
            "Si seul le réseau manque, ce que vous avez fait ici est toujours là. Vérifiez le réseau et que le "
            "programme fonctionne encore ; la page continue d'elle-même dès que l'ordinateur répond."
        ),
        too_large=(
            "{name} fait {size} Mo ; {most} Mo au plus peuvent être lus. Rien n'a été envoyé. Choisissez une image "
            "plus petite ou enregistrez celle-ci en JPEG."
        ),
        store_title="Vos taches ne peuvent pas être ouvertes",
        store_advice="Les photos peuvent être examinées, mais rien n'est gardé. Ce qui l'était n'a pas été touché.",
    ),
    spots=SpotTexts(
        title="Mes taches",
        none_yet="Rien n'est gardé. Après un résultat, gardez la photo avec une tache pour la comparer plus tard.",
        none_found="Aucune tache ne correspond.",
        search="Chercher un nom ou une note",
        any_place="Partout sur le corps",
        keep_title="Quelle tache est-ce ?",
        new_spot="Une nouvelle tache",
        which_spot="Tache",
        name="Nom",
        name_hint="Par exemple : grain de beauté sous l'épaule gauche",
        unprintable=(
            "Certaines de ces lettres ne peuvent pas être imprimées : la page pour la consultation "
            "affichera « ? » à leur place."
        ),
        unshown="Certaines de ces lettres ne peuvent pas être imprimées, et un navigateur peut ne pas les afficher.",
        no_name="Tache sans nom",
        place="Où sur le corps",
        no_place="Non précisé",
        front="De face",
        back_view="De dos",
        notes="Notes",
        save="Garder",
        changed_title="A-t-elle changé depuis la dernière fois ?",
        changed_hint="Chaque oui est une raison de voir un médecin, quoi que dise le résultat.",
        changed=(
            ("asymmetry", "Une moitié est-elle devenue différente de l'autre ?"),
            ("border", "Son bord est-il devenu irrégulier ou flou ?"),
            ("colour", "A-t-elle une nouvelle couleur, ou plus de couleurs ?"),
            ("diameter", "A-t-elle grandi ?"),
            ("evolution", "A-t-elle changé d'une autre façon ?"),
            ("bleeding", "A-t-elle saigné, suinté ou formé une croûte ?"),
            ("itch", "Démange-t-elle ou fait-elle mal ?"),
        ),
        said=(
            ("asymmetry", "Une moitié est devenue différente de l'autre"),
            ("border", "Son bord est devenu irrégulier ou flou"),
            ("colour", "Elle a une nouvelle couleur, ou plus de couleurs"),
            ("diameter", "Elle a grandi"),
            ("evolution", "Elle a changé d'une autre façon"),
            ("bleeding", "Elle a saigné, suinté ou formé une croûte"),
            ("itch", "Elle démange ou fait mal"),
        ),
        ahead="Cette date est dans le futur : l'horloge de l'appareil était fausse.",
        again="Nouvelle photo de cette tache",
        again_of="La prochaine photo est celle de : {name}",
        again_not="Pas cette tache",
        show_answer="Voir le résultat",
        clear_search="Effacer la recherche",
        photos="Photos : {count}",
        no_photo_kept="La photo n'a pas été gardée.",
        not_assessed="Non évalué",
        compare="Comparer",
        compare_hint="Glissez sur la photo : à gauche de la ligne se trouve la plus ancienne.",
        compare_spoken="La photo d'avant et celle d'après, séparées par une ligne",
        earlier="Photo d'avant",
        later="Photo d'après",
        trend="Au fil du temps",
        trend_tier="Résultat",
        trend_size="Taille dans le cadre",
        trend_spoken="Au fil du temps : {points}",
        level_low="Faible",
        level_treatment="Traitement",
        level_moderate="Modéré",
        level_high="Élevé",
        size="{percent} du cadre",
        remind="Me le rappeler",
        remind_weeks="Dans {weeks} semaines",
        remind_event="Photographier la tache : {name}",
        remind_saved="Ouvrez le fichier d'agenda enregistré pour ajouter le rappel à votre agenda.",
        due="Prochaine photo : {date}",
        edit="Changer le nom, l'endroit et les notes",
        back="Retour",
        delete_photo="Supprimer cette photo",
        delete_spot="Supprimer cette tache",
        delete_sure="Elle ne pourra pas être récupérée.",
        delete="Supprimer",
        keep_it="Annuler",
    ),
    settings=SettingTexts(
        title="Réglages",
        language="Langue",
        theme="Apparence",
        theme_system="Comme l'appareil",
        theme_light="Claire",
        theme_dark="Sombre",
        text_size="Taille du texte",
        text_sizes=("Normale", "Plus grande", "Grande", "Maximale"),
        keep_photos="Garder les photos",
        keep_photos_hint="Désactivé : les résultats sont gardés sans leurs photos.",
        storage="Ce qui est gardé",
        stored="Taches : {spots}, photos : {photos}, {megabytes} Mo",
        protected="Photos et notes sont chiffrées avec une clé que garde cet appareil.",
        not_protected="L'application ne chiffre ni photos ni notes. Le verrouillage de l'appareil les protège.",
        session_only="Elles ne sont gardées que pendant cette visite.",
        sealed_for_visit=(
            "Elles ne sont gardées que pendant cette visite, chiffrées avec une clé qui n'est que dans "
            "la mémoire du programme."
        ),
        export_all="Tout enregistrer dans un fichier",
        import_all="Reprendre un tel fichier",
        imported="Ajouté : taches {spots}, photos {photos}.",
        not_imported="Impossible de le reprendre : {reason}",
        coming="{name} : {percent} % sont arrivés",
        import_too_large=(
            "{name} fait {size} Mo ; une page peut reprendre {most} Mo au plus. Rien n'a été envoyé. "
            "L'application elle-même, sans navigateur, n'a pas cette limite."
        ),
        export_too_large=(
            "Le tout fait {size} Mo ; une page peut enregistrer {most} Mo au plus. Supprimez des photos inutiles, "
            "ou faites copier le dossier du programme."
        ),
        delete_all="Tout supprimer",
        delete_all_sure="Toutes les taches, photos et notes disparaîtront. Elles ne pourront pas être récupérées.",
        deleted="Tout a été supprimé.",
        about="À propos",
        about_text=(
            "Une aide au dépistage pour qui n'a pas de dermatologue. Elle examine une photo à la fois, sur cet "
            "appareil."
        ),
        about_elsewhere=(
            "Une aide au dépistage pour qui n'a pas de dermatologue. Elle examine une photo à la fois, "
            "sur l'ordinateur qui sert cette page."
        ),
        model="Modèle",
        model_card="À propos du modèle",
        trained_on="A appris sur des photos de",
        licence="Licence",
        made_on="Créé le",
        prevalence="Part de lésions malignes sur laquelle il compte",
        declared="{share} : déclarée par ses auteurs, non mesurée",
        size="Taille",
        limits="Ce à quoi il ne sert pas",
        not_assured="Trop peu de photos pour rien promettre sur les peaux de phototype (Fitzpatrick) : {groups}.",
        figures="Mesuré sur des photos jamais vues",
        sensitivity="Cancers non classés faibles",
        melanomas="Mélanomes non classés faibles",
        specificity="Taches bénignes classées faibles",
        auc="Qualité de distinction des cancers (AUC, 1 est le mieux)",
        licences="Licences des composants",
        licences_hint="Cette application contient le travail d'autrui. Chaque partie a sa propre licence.",
        introduction="Revoir l'introduction",
    ),
    measure=MeasureTexts(
        measure_here="Mesurer cet appareil",
        measure_there="Mesurer cet ordinateur-là",
        about=(
            "Évalue une photo dessinée au moins {samples} fois et pendant au moins {seconds} secondes, et "
            "chronomètre chaque étape. Aucune de vos photos n'est utilisée. La plupart des appareils mettent deux "
            "minutes, un téléphone lent dix ou plus."
        ),
        measured_there="C'est l'ordinateur qui sert cette page qui est mesuré, pas l'appareil que vous tenez.",
        measured_here=(
            "L'appareil chauffe et use sa batterie. Fermez les autres applications, retirez sa coque et "
            "laissez-le posé jusqu'à ce que la barre soit pleine."
        ),
        begin="Commencer la mesure",
        again="Mesurer encore",
        stop="Arrêter la mesure",
        going="Fait : {percent} %",
        leave_it="Le reste de l'application reste utilisable, mais les chiffres en souffrent.",
        busy="Une mesure est déjà en cours. Réessayez quand elle sera finie.",
        failed="La mesure a échoué : {reason}",
        milliseconds="{ms} ms",
        typical="La moitié des photos est évaluée en",
        nine_of_ten="Neuf sur dix sont évaluées en",
        drift="Du début à la fin",
        steady="aussi vite qu'au début",
        slower="{percent} % plus lent",
        faster="{percent} % plus rapide",
        parts_title="Ce qui prend du temps",
        parts=(
            ("decode", "Ouvrir la photo"),
            ("gate", "Vérifier sa qualité"),
            ("model", "Le modèle"),
            ("decision", "Décider"),
        ),
        valid_title="Ces chiffres peuvent être comparés",
        valid="Il y a eu assez de photos, assez longtemps, et l'allure est restée la même.",
        invalid_title="À ne pas comparer avec d'autres appareils",
        reasons=(
            ("too_few_samples", "Seules {found} photos ont été évaluées, il en faut {limit}."),
            ("too_short", "Cela a duré {found} secondes, il en faut {limit}."),
            ("spread", "Les temps varient de {found} %, au plus {limit} % sont permis."),
            (
                "drift",
                "L'allure a changé de {found} %, au plus {limit} % sont permis : mesurez encore après une pause.",
            ),
            ("other_load", "D'autres programmes ont pris {found} % du processeur, au plus {limit} % sont permis."),
        ),
        known_title="À côté d’autres appareils",
        known_about=(
            "La même photo, du fichier à la réponse, le plus rapide d’abord. "
            "Seules les mesures qui respectent la règle figurent ici."
        ),
        known_line="{name} : {typical}, neuf sur dix en {nine_of_ten}",
        just_measured="Mesuré à l’instant",
        other_model="autre modèle",
        file_hint=(
            "Le fichier contient chaque temps, le matériel et le système mesurés, et leurs températures. Il ne "
            "contient rien sur vous ni sur vos photos."
        ),
        save="Enregistrer le fichier de résultats",
        share="Partager le fichier de résultats",
    ),
    guide=GuideTexts(
        title="Que regarder",
        abcde="Cinq choses à comparer, de mois en mois",
        same_for_all=(
            "Les mêmes signes comptent sur toutes les peaux. Sur peau brune et noire, le mélanome se trouve plus "
            "souvent "
            "aux paumes, aux plantes, sous les ongles et dans la bouche : regardez-y aussi, et une bande sombre d'un "
            "ongle qui s'élargit."
        ),
        find_title="Qui peut la voir",
        find=(
            "Une infirmière, un agent de santé ou le médecin de famille peut regarder d'abord et vous adresser.",
            "Demandez la dermatologie à l'hôpital le plus proche ; beaucoup ont un jour pour les taches urgentes.",
            "Sans dermatologue, demandez si la page avec la photo peut lui être envoyée : enregistrez-la en PDF.",
            "Saignement, croissance rapide ou nouvelle tache sombre : allez-y tout de suite, sans rendez-vous.",
        ),
    ),
    body=BodyTexts(
        scalp="Cuir chevelu",
        face="Visage",
        ear="Oreille",
        neck="Cou",
        chest="Poitrine",
        abdomen="Ventre",
        groin="Aine",
        upper_back="Haut du dos",
        lower_back="Bas du dos",
        buttock="Fesse",
        shoulder="Épaule",
        upper_arm="Bras",
        forearm="Avant-bras",
        hand="Dos de la main",
        palm="Paume",
        thigh="Cuisse",
        lower_leg="Jambe",
        foot="Dessus du pied",
        sole="Plante du pied",
        nail="Ongle",
        left="{region}, côté gauche",
        right="{region}, côté droit",
    ),
)
