"""Portuguese."""

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

PORTUGUESE = Texts(
    app="SkinTag Edge",
    tabs=("Foto", "Minhas manchas", "Guia", "Ajustes"),
    date="%d/%m/%Y",
    start=StartTexts(
        steps=(
            (
                "Em quanto tempo alguém deve ver isto?",
                "Tire uma foto de uma mancha na pele. O aplicativo diz em quanto tempo um médico deve vê-la.",
            ),
            ("Funciona sem rede", "A foto é avaliada aqui. Não é enviada a ninguém."),
            (
                "Não é um médico",
                "Ele deixa passar cânceres e pode preocupar sem necessidade. Uma mancha nova, que muda ou sangra "
                "deve ser vista por um médico, diga o aplicativo o que disser.",
            ),
            (
                "Menos certo em pele escura",
                "Ele viu poucas fotos de pele escura e ali não pode prometer o mesmo. Olhe também palmas, plantas e "
                "unhas. Quando não pode avaliar uma foto, ele diz.",
            ),
        ),
        next="Avançar",
        skip="Pular",
        begin="Começar",
        question="Em quanto tempo alguém deve ver isto?",
        tips=(
            "Uma só mancha, no centro, ocupando cerca de metade da imagem.",
            "Luz do dia uniforme; sem sombra nem reflexo do flash.",
            "Não se mexa até a pele ficar nítida.",
        ),
        choose_photo="Escolher uma foto",
        take_photo="Tirar uma foto",
        choose_dialog="Escolha uma foto de uma mancha na pele",
        on_this_device="Funciona sem rede. As fotos nunca saem deste aparelho.",
        on_that_computer=(
            "As fotos são avaliadas pelo computador que oferece esta página, e não são guardadas após a visita."
        ),
        kept_for_all=(
            "O computador que serve esta página avalia as fotos. O que você guardar fica nele, sem cifra, "
            "e quem abrir esta página o vê."
        ),
        on_this_computer="As fotos são avaliadas neste computador e não são guardadas após a visita.",
        judged_elsewhere=(
            "Outro computador avalia a foto",
            "Ela é enviada ao computador que oferece esta página, e a mais ninguém.",
        ),
        visit_ends=(
            "Uma visita termina {minutes} min depois de fechar a página; então se esquece o que não foi guardado."
        ),
        visit_ends_at_once="Uma visita termina ao fechar a página; então se esquece o que não foi guardado.",
        typed_in_tab=(
            "O que você escreve também fica nesta aba do navegador, sem criptografia, com suas configurações, até "
            "que a aba seja fechada."
        ),
        restarted=(
            "O programa desta página foi reiniciado. O que foi guardado continua lá; as fotos e os resultados não "
            "guardados se perderam."
        ),
        restarted_all_gone=(
            "O programa desta página foi reiniciado. As fotos, os resultados e as manchas de antes se perderam."
        ),
        restarted_typed="O que você escreveu sem salvar continua aqui, no seu formulário.",
    ),
    camera=CameraTexts(
        title="Ponha a mancha no círculo",
        hint="Segure o telefone a um palmo, sem mexer, com luz uniforme. A mancha deve caber justo no círculo.",
        ready="Está bom: tire a foto agora.",
        finder="O que a câmera vê, com um círculo no centro",
        opening="Abrindo a câmera",
        shutter="Tirar a foto",
        light="Ligar ou desligar a luz",
        none="A câmera não pode ser usada",
        none_found="Nenhuma câmera foi encontrada. Escolha uma foto.",
        refused=(
            "A câmera não abriu ({reason}). Permita-a nos ajustes do aparelho ou do navegador, ou escolha uma foto."
        ),
    ),
    check=CheckTexts(
        title="A mancha está no quadro?",
        good="A foto é boa o bastante para ser avaliada.",
        not_good="Não é possível avaliar esta foto",
        frame_hint="Arraste a foto até a mancha ficar no centro. Ela deve ocupar cerca de metade do quadro.",
        frame_spoken="A parte da foto que será avaliada, ampliada {zoom} vezes",
        zoom_in="Aproximar",
        zoom_out="Afastar",
        whole="Foto inteira",
        around_spot="Em torno da mancha",
        move_left="Mover o quadro para a esquerda",
        move_right="Mover o quadro para a direita",
        move_up="Mover o quadro para cima",
        move_down="Mover o quadro para baixo",
        judge="Avaliar esta mancha",
        judge_anyway="Continuar sem resultado",
        retake="Tirar ou escolher outra foto",
        opening="Abrindo a foto",
        analysing="Olhando a foto",
        analysing_hint="Leva cerca de um segundo.",
        cancel="Cancelar",
    ),
    answer=AnswerTexts(
        choose_another="Escolher outra foto",
        another="Outra foto",
        retake="Tirar ou escolher outra foto",
        the_photo="A foto, {name}",
        judged_part="O que o modelo olha",
        back_to_square="Mover o quadro",
        tier_spoken="Resultado: {tier}",
        why="Por quê",
        what_to_do="O que fazer",
        red_flags="Sinais de alerta",
        red_flags_hint="Se um deles se aplica, procure um médico, diga o resultado o que disser.",
        conditions="Com o que mais se parece",
        conditions_hint="Como o modelo pesa dez grupos de doenças. Não é um diagnóstico.",
        condition_spoken="{name}: {percent}",
        less_than_one="<1%",
        percent="{value}%",
        show_all="Mostrar todas as {count}",
        show_fewer="Mostrar menos",
        not_calibrated="Os limiares deste modelo não foram calibrados com fotos de pacientes. Não confie no resultado.",
        model="Modelo {model_id}",
        disclaimer_title="Não é um diagnóstico",
        where_looked="Mostrar onde o modelo olhou",
        looking="Procurando o que contou",
        looked_at="A foto com o que contou para o modelo marcado",
        keep="Guardar com minhas manchas",
        share="Para um médico",
        share_pdf="Compartilhar como PDF",
        save_pdf="Salvar como PDF",
        save_png="Salvar como imagem",
        copy="Copiar como texto",
        copied="Copiado",
        shared="Compartilhado",
        saved="Salvo",
        enlarge="Ampliar a foto",
        shrink="Fechar a foto",
        dismiss="Fechar a mensagem",
        failed="Isso não funcionou",
        not_saved="Não foi possível salvar: {reason}",
    ),
    trouble=TroubleTexts(
        refused_title="Este arquivo não pode ser usado",
        refused_advice="Escolha a imagem como a câmera a salvou, ou salve-a de novo como JPEG e escolha essa.",
        heic_advice=(
            "Esta é uma foto HEIC, como os iPhones as salvam. Salve-a de novo como JPEG e escolha essa, ou tire outra: "
            "no iPhone, com Ajustes > Câmera > Formatos > Mais Compatível cada foto nova será um JPEG."
        ),
        bundle_title="O modelo não pode ser usado",
        bundle_advice=(
            "Nenhuma foto pode ser avaliada até que isto seja corrigido. Não há nada de errado com a sua foto.",
            "Instale o aplicativo de novo, ou inicie-o com --bundle e a pasta de um pacote verificado.",
        ),
        unexpected_title="Algo deu errado",
        unexpected_advice=(
            "Esta foto não foi avaliada. Tente de novo; se falhar outra vez, feche outros aplicativos e reinicie este."
        ),
        details="O que aconteceu",
        leaving="O que você não guardou será perdido. Volte mais uma vez para sair.",
        try_again="Tentar de novo",
        begin_anew="Começar com uma lista vazia",
        begin_anew_sure="O que existe agora fica separado, sem ser apagado, e o aplicativo não o mostra mais.",
        not_arrived_title="O arquivo não chegou",
        not_arrived=(
            "{name} não chegou: a conexão caiu ou foi recusada, ou o navegador não conseguiu mais ler o arquivo. "
            "Verifique a rede e escolha-o de novo."
        ),
        unreachable_title="Não é possível acessar o computador desta página",
        unreachable_advice=(
            "Se só a rede caiu, o que foi feito aqui continua lá. Verifique a rede e se o programa ainda está rodando; "
            "a página continua sozinha quando o computador responder."
        ),
        too_large=(
            "{name} tem {size} MB; podem ser lidos no máximo {most} MB. Nada foi enviado. Escolha uma imagem menor ou "
            "salve esta como JPEG."
        ),
        store_title="Não é possível abrir suas manchas",
        store_advice=(
            "As fotos ainda podem ser avaliadas, mas nada é guardado. O que foi guardado antes não foi tocado."
        ),
    ),
    spots=SpotTexts(
        title="Minhas manchas",
        none_yet="Nada guardado ainda. Depois de um resultado, guarde a foto com uma mancha para comparar mais tarde.",
        none_found="Nenhuma mancha corresponde.",
        search="Buscar por nome ou nota",
        any_place="Em qualquer parte do corpo",
        keep_title="Que mancha é esta?",
        new_spot="Uma mancha nova",
        which_spot="Mancha",
        name="Nome",
        name_hint="Por exemplo: pinta abaixo do ombro esquerdo",
        unprintable=(
            "Algumas destas letras não podem ser impressas: a folha para a consulta médica mostrará “?” no lugar delas."
        ),
        unshown="Algumas destas letras não podem ser impressas, e um navegador pode não as mostrar.",
        no_name="Mancha sem nome",
        place="Em que parte do corpo",
        no_place="Não informado",
        front="Frente",
        back_view="Costas",
        notes="Notas",
        save="Guardar",
        changed_title="Mudou desde a última vez?",
        changed_hint="Cada sim é motivo para procurar um médico, diga o resultado o que disser.",
        changed=(
            ("asymmetry", "Uma metade ficou diferente da outra?"),
            ("border", "A borda ficou irregular ou borrada?"),
            ("colour", "Tem uma cor nova, ou mais cores?"),
            ("diameter", "Cresceu?"),
            ("evolution", "Mudou de alguma outra forma?"),
            ("bleeding", "Sangrou, soltou líquido ou formou crosta?"),
            ("itch", "Coça ou dói?"),
        ),
        said=(
            ("asymmetry", "Uma metade ficou diferente da outra"),
            ("border", "A borda ficou irregular ou borrada"),
            ("colour", "Tem uma cor nova, ou mais cores"),
            ("diameter", "Cresceu"),
            ("evolution", "Mudou de outra forma"),
            ("bleeding", "Sangrou, soltou líquido ou formou crosta"),
            ("itch", "Coça ou dói"),
        ),
        ahead="Esta data está no futuro: o relógio do aparelho estava errado.",
        again="Nova foto desta mancha",
        again_of="A próxima foto é de: {name}",
        again_not="Não é desta mancha",
        show_answer="Ver o resultado",
        clear_search="Limpar a busca",
        photos="Fotos: {count}",
        no_photo_kept="A foto não foi guardada.",
        not_assessed="Não avaliada",
        compare="Comparar",
        compare_hint="Deslize sobre a foto: à esquerda da linha está a anterior.",
        compare_spoken="A foto anterior e a posterior, com uma linha entre elas",
        earlier="Foto anterior",
        later="Foto posterior",
        trend="Ao longo do tempo",
        trend_tier="Resultado",
        trend_size="Tamanho no quadro",
        trend_spoken="Ao longo do tempo: {points}",
        level_low="Baixo",
        level_treatment="Tratamento",
        level_moderate="Moderado",
        level_high="Alto",
        size="{percent} do quadro",
        remind="Lembrar-me",
        remind_weeks="Em {weeks} semanas",
        remind_event="Fotografar a mancha: {name}",
        remind_saved="Abra o arquivo de calendário salvo para pôr o lembrete no seu calendário.",
        due="Próxima foto: {date}",
        edit="Mudar nome, lugar e notas",
        back="Voltar",
        delete_photo="Apagar esta foto",
        delete_spot="Apagar esta mancha",
        delete_sure="Não poderá ser recuperada.",
        delete="Apagar",
        keep_it="Cancelar",
    ),
    settings=SettingTexts(
        title="Ajustes",
        language="Idioma",
        theme="Aparência",
        theme_system="Como o aparelho",
        theme_light="Clara",
        theme_dark="Escura",
        text_size="Tamanho do texto",
        text_sizes=("Normal", "Maior", "Grande", "Máximo"),
        keep_photos="Guardar fotos",
        keep_photos_hint="Desligado: os resultados são guardados sem as fotos.",
        storage="O que é guardado",
        stored="Manchas: {spots}, fotos: {photos}, {megabytes} MB",
        protected="Fotos e notas são cifradas com uma chave que este aparelho guarda.",
        not_protected="O aplicativo não cifra fotos nem notas. O bloqueio do aparelho as protege.",
        session_only="São guardadas só durante esta visita.",
        sealed_for_visit=(
            "São guardadas só durante esta visita, cifradas com uma chave que só está na memória do programa."
        ),
        export_all="Salvar tudo em um arquivo",
        import_all="Trazer de volta um arquivo assim",
        imported="Adicionado: manchas {spots}, fotos {photos}.",
        not_imported="Não foi possível recuperar: {reason}",
        coming="{name}: chegaram {percent}%",
        import_too_large=(
            "{name} tem {size} MB; por uma página podem ser trazidos de volta no máximo {most} MB. Nada foi "
            "enviado. O próprio aplicativo, sem navegador, não tem esse limite."
        ),
        export_too_large=(
            "Tudo junto tem {size} MB; por uma página podem ser salvos no máximo {most} MB. Apague fotos "
            "desnecessárias ou peça uma cópia da pasta do programa."
        ),
        delete_all="Apagar tudo",
        delete_all_sure="Todas as manchas, fotos e notas serão apagadas. Não poderão ser recuperadas.",
        deleted="Tudo foi apagado.",
        about="Sobre",
        about_text="Uma ajuda de triagem para quem não tem dermatologista. Avalia uma foto por vez, neste aparelho.",
        about_elsewhere=(
            "Uma ajuda de triagem para quem não tem dermatologista. Avalia uma foto por vez, no "
            "computador que oferece esta página."
        ),
        model="Modelo",
        model_card="Sobre o modelo",
        trained_on="Aprendeu com fotos de",
        licence="Licença",
        made_on="Criado em",
        prevalence="Proporção de lesões malignas com que conta",
        declared="{share}: declarada por quem o criou, não medida",
        size="Tamanho",
        limits="Para que não serve",
        not_assured="Há fotos de menos para prometer algo em peles de fototipo (Fitzpatrick): {groups}.",
        figures="Medido em fotos que não tinha visto",
        sensitivity="Cânceres que não saem como baixo",
        melanomas="Melanomas que não saem como baixo",
        specificity="Manchas benignas que saem como baixo",
        auc="Quão bem distingue os cânceres (AUC, 1 é o melhor)",
        licences="Licenças dos componentes",
        licences_hint="Este aplicativo contém trabalho de outros. Cada parte tem a sua própria licença.",
        introduction="Mostrar a introdução de novo",
    ),
    measure=MeasureTexts(
        measure_here="Medir este aparelho",
        measure_there="Medir aquele computador",
        about=(
            "Avalia uma foto desenhada pelo menos {samples} vezes e durante pelo menos {seconds} segundos, e "
            "cronometra cada passo. Nenhuma foto sua é usada. A maioria dos aparelhos leva dois minutos; um "
            "telefone lento, dez ou mais."
        ),
        measured_there="Mede o computador que oferece esta página, não o aparelho na sua mão.",
        measured_here=(
            "O aparelho esquenta e gasta bateria. Feche outros aplicativos, tire a capa e deixe-o parado até a "
            "barra ficar cheia."
        ),
        begin="Começar a medir",
        again="Medir de novo",
        stop="Parar de medir",
        going="Feito: {percent}%",
        leave_it="O resto do aplicativo pode ser usado enquanto isso, mas os números pioram.",
        busy="Algo já está sendo medido. Tente de novo quando terminar.",
        failed="Não foi possível medir: {reason}",
        milliseconds="{ms} ms",
        typical="Metade das fotos é avaliada em",
        nine_of_ten="Nove de cada dez são avaliadas em",
        drift="Do começo ao fim",
        steady="tão rápido como no começo",
        slower="{percent}% mais lento",
        faster="{percent}% mais rápido",
        parts_title="O que leva tempo",
        parts=(
            ("decode", "Abrir a foto"),
            ("gate", "Verificar a qualidade"),
            ("model", "O modelo"),
            ("decision", "Decidir"),
        ),
        valid_title="Estes números podem ser comparados",
        valid="Houve fotos suficientes, durou o bastante e o ritmo não mudou.",
        invalid_title="Não compare com outros aparelhos",
        reasons=(
            ("too_few_samples", "Só {found} fotos foram avaliadas; são necessárias {limit}."),
            ("too_short", "Durou {found} segundos; são necessários {limit}."),
            ("spread", "Os tempos variam {found}%; no máximo {limit}% é permitido."),
            (
                "drift",
                "O ritmo mudou {found}%; no máximo {limit}% é permitido: meça de novo depois de uma pausa.",
            ),
            ("other_load", "Outros programas usaram {found}% do processador; no máximo {limit}% é permitido."),
        ),
        known_title="Ao lado de outros aparelhos",
        known_about=(
            "A mesma foto, do arquivo à resposta, primeiro o mais rápido. Aqui só há medições que cumprem a regra."
        ),
        known_line="{name}: {typical}, nove em cada dez em {nine_of_ten}",
        just_measured="Medido agora",
        other_model="outro modelo",
        file_hint=(
            "O arquivo contém cada tempo, o equipamento e o sistema medidos e as suas temperaturas. Não contém "
            "nada sobre você nem sobre suas fotos."
        ),
        save="Salvar o arquivo de resultados",
        share="Compartilhar o arquivo de resultados",
    ),
    guide=GuideTexts(
        title="O que observar",
        abcde="Cinco coisas para comparar, mês a mês",
        same_for_all=(
            "Os mesmos sinais valem em toda pele. Em pele parda e preta o melanoma aparece mais em palmas, "
            "plantas, sob "
            "as unhas e dentro da boca: olhe ali também, e uma faixa escura na unha que se alarga."
        ),
        find_title="Quem pode ver",
        find=(
            "Uma enfermeira, um agente de saúde ou o médico de família pode olhar primeiro e encaminhar.",
            "Pergunte pela dermatologia no hospital mais próximo; muitos têm um dia para manchas urgentes.",
            "Onde não há dermatologista, pergunte se a folha com a foto pode ser enviada a um: salve-a como PDF.",
            "Sangramento, crescimento rápido ou uma mancha escura nova: vá já, não espere por uma consulta.",
        ),
    ),
    body=BodyTexts(
        scalp="Couro cabeludo",
        face="Rosto",
        ear="Orelha",
        neck="Pescoço",
        chest="Peito",
        abdomen="Barriga",
        groin="Virilha",
        upper_back="Parte alta das costas",
        lower_back="Parte baixa das costas",
        buttock="Nádega",
        shoulder="Ombro",
        upper_arm="Braço",
        forearm="Antebraço",
        hand="Dorso da mão",
        palm="Palma",
        thigh="Coxa",
        lower_leg="Perna",
        foot="Dorso do pé",
        sole="Planta do pé",
        nail="Unha",
        left="{region}, lado esquerdo",
        right="{region}, lado direito",
    ),
)
