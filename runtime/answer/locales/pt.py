"""Portuguese as written in Brazil, formal."""

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

PORTUGUESE = Texts(
    language="pt",
    language_name="Português",
    disclaimer=(
        "Esta é uma ferramenta de pesquisa; não é um dispositivo médico nem um diagnóstico. Ela pode deixar passar um "
        "câncer de pele. Uma mancha nova, que muda, que sangra ou que preocupa deve ser vista em uma consulta médica, "
        "seja qual for este resultado."
    ),
    uncalibrated="não calibrado",
    uncalibrated_note=(
        "Não calibrado: os limites entre baixo, moderado e alto são os padrões deste modelo; não foram escolhidos com "
        "base em dados."
    ),
    advice=AdviceTable(
        low=AdviceTexts(
            label="Nível de alerta baixo",
            headline="Poucos sinais de alerta nesta foto.",
            urgency="Observe a mancha uma vez por mês pelos sinais ABCDE e procure uma consulta médica se ela mudar.",
            what_to_do=(
                "Tire hoje uma foto com uma régua ao lado e compare-a uma vez por mês com uma nova.",
                "Procure uma consulta médica se ela mudar ou se houver algum dos sinais de alerta abaixo.",
                "Faça exames da pele com a frequência recomendada para o seu caso na consulta médica.",
            ),
        ),
        moderate=AdviceTexts(
            label="Nível de alerta moderado",
            headline="Esta mancha deve ser examinada em uma consulta médica.",
            urgency="Dentro de 2 a 4 semanas: marque uma consulta de clínica geral ou de dermatologia.",
            what_to_do=(
                "Marque a consulta agora, mesmo que a mancha não incomode.",
                "Tire hoje uma foto com uma régua ao lado, para que uma mudança possa ser notada.",
                "Vá antes se houver algum dos sinais de alerta abaixo.",
            ),
        ),
        high=AdviceTexts(
            label="Nível de alerta alto",
            headline="Esta mancha deve ser examinada em breve em uma consulta médica.",
            urgency=(
                "O mais cedo possível, de preferência dentro de 1 a 2 semanas: peça a primeira consulta livre de "
                "clínica geral ou de dermatologia."
            ),
            what_to_do=(
                "Telefone e diga que uma mancha na pele precisa ser examinada por suspeita de câncer de pele.",
                "Mostre a própria mancha na consulta; este resultado não substitui o exame.",
                "Não espere para ver se ela muda e não a trate nem a remova por conta própria.",
            ),
        ),
        cannot_assess=AdviceTexts(
            label="Não é possível avaliar",
            headline="Esta foto não pode ser avaliada.",
            urgency="Desconhecida: não ter resultado não é um bom resultado.",
            what_to_do=(
                "Tire uma foto nítida de uma só mancha à luz do dia, a cerca de 10 cm, com a mancha no centro.",
                "Se uma segunda foto também não puder ser avaliada, mostre a mancha em uma consulta médica.",
                "Não espere por uma foto se houver algum dos sinais de alerta abaixo: procure atendimento médico.",
            ),
        ),
        treatment=AdviceTexts(
            label="Não parece câncer, procure consulta",
            headline="Isto não parece câncer; procure uma consulta médica para tratamento.",
            urgency="Nas próximas semanas; imediatamente se crescer depressa, doer muito ou vier com febre.",
            what_to_do=(
                "Deixe que descubram na consulta o que é: inflamações e infecções muitas vezes precisam de tratamento.",
                "Mostre de novo se não cicatrizar em quatro semanas: alguns cânceres de pele parecem uma inflamação.",
                "Vá antes se houver algum dos sinais de alerta abaixo.",
            ),
        ),
    ),
    reasons=ReasonTable(
        unfamiliar="Esta foto não se parece com as fotos com que o modelo aprendeu.",
        strong_signs="Ela mostra sinais fortes que o modelo conhece do câncer de pele.",
        some_signs="Ela mostra alguns sinais que o modelo conhece do câncer de pele.",
        few_signs="Ela mostra poucos dos sinais que o modelo conhece do câncer de pele.",
        condition_needs_doctor="O mais parecido é isto, que deve ser visto em uma consulta médica: {condition}.",
        inflammation="O mais parecido é uma inflamação ou infecção.",
        on_the_edge=(
            "A foto está no limite: enquadrada de modo um pouco diferente, teria outro resultado. Mostra-se o mais "
            "prudente. Uma segunda foto ajuda: tire outra e avalie-a também."
        ),
    ),
    problems=ProblemTable(
        too_dark="A foto está escura demais. Tire-a de novo com mais luz.",
        overexposed="A foto está clara demais. Tire-a de novo sem flash e sem sol direto.",
        no_detail="A foto não mostra nenhum detalhe. Coloque a mancha no centro da imagem e tire-a de novo.",
        blurred="A foto está borrada. Segure o telefone firme, toque na mancha para focar e tire-a de novo.",
        glare="A luz se reflete na mancha. Desligue o flash, incline um pouco o telefone e tire a foto de novo.",
        too_far="A mancha está pequena demais na foto. Aproxime-se até ela ocupar cerca de metade da imagem.",
        too_close="A mancha não cabe na foto. Afaste-se até aparecer pele em toda a volta.",
        colour_cast="As cores da foto não são reais. Tire-a de novo à luz do dia, sem luz colorida nem filtro.",
    ),
    conditions=ConditionTable(
        melanoma=ConditionTexts(
            name="Melanoma",
            description="Um câncer das células da cor da pele, que pode se espalhar cedo; a tempo, em geral tem cura.",
        ),
        basal_cell_carcinoma=ConditionTexts(
            name="Carcinoma basocelular",
            description="O câncer de pele mais comum; raramente se espalha para longe, mas invade o que está em volta.",
        ),
        squamous_cell_carcinoma=ConditionTexts(
            name="Carcinoma espinocelular",
            description="Um câncer de pele, com escamas ou ferida, que pode se espalhar se não for retirado.",
        ),
        actinic_keratosis=ConditionTexts(
            name="Queratose actínica",
            description=(
                "Uma placa áspera causada por anos de sol que pode virar câncer de pele e que por isso é tratada."
            ),
        ),
        melanocytic_nevus=ConditionTexts(
            name="Pinta (nevo melanocítico)",
            description=(
                "Uma mancha de células de cor; deve ser vista em consulta se é nova, muda ou é diferente das outras."
            ),
        ),
        seborrheic_keratosis=ConditionTexts(
            name="Queratose seborreica",
            description="Um crescimento como de cera ou verruga, que vem com a idade; um melanoma pode ser parecido.",
        ),
        dermatofibroma=ConditionTexts(
            name="Dermatofibroma",
            description="Um caroço pequeno e firme na pele, em geral na perna; deve ser visto em consulta se crescer.",
        ),
        vascular_lesion=ConditionTexts(
            name="Lesão vascular",
            description="Uma mancha vermelha, azul ou roxa formada por vasos sanguíneos ou por sangue sob a pele.",
        ),
        non_neoplastic=ConditionTexts(
            name="Inflamação ou infecção",
            description="Uma irritação, inflamação ou infecção, como eczema ou micose; pode precisar de tratamento.",
        ),
        other=ConditionTexts(
            name="Outra coisa",
            description="Nenhum dos outros nove grupos; só um exame pode dizer o que é.",
        ),
    ),
    red_flags_now=(
        "Sangramento, mudança rápida ou uma ferida que não cicatriza: procure atendimento médico agora, seja qual for "
        "este resultado."
    ),
    red_flags=(
        "É nova ou muda de tamanho, de forma ou de cor.",
        "Sangra, solta líquido, coça, dói ou não cicatriza em quatro semanas.",
        "Está elevada, é firme ao toque e continua crescendo.",
        "É diferente de todas as suas outras manchas.",
        "Está na palma da mão, na sola do pé, debaixo de uma unha ou nos lábios.",
        "Há algum dos sinais ABCDE.",
    ),
    abcde=(
        "A, assimetria: uma metade não é igual à outra.",
        "B, bordas: o contorno é irregular, recortado ou borrado.",
        "C, cor: tem várias cores ou uma cor desigual.",
        "D, diâmetro: mede mais de 6 mm, a ponta de trás de um lápis.",
        "E, evolução: muda de tamanho, de forma, de cor ou ao toque.",
    ),
    why_heading="Por quê",
    what_to_do_heading="O que fazer",
    red_flags_heading="Procure uma consulta médica em qualquer caso se",
    abcde_heading="Os sinais ABCDE",
    conditions_heading="Com o que mais se parece",
    condition_set="Uma destas: {conditions}.",
    condition_set_of_one="O mais provável: {conditions}.",
    model_line="Modelo {model_id}.",
    score_line="Pontuação de malignidade {score}.",
    explanation_caveat=(
        "As partes amarelas da foto aumentaram a pontuação, as azuis a diminuíram. "
        "As cores mostram o que mudou a pontuação ao ser coberto, não por quê, nem onde há uma doença. "
        "Uma parte sem cor também pode ser perigosa. A imagem não prova nada e não substitui um exame médico."
    ),
    no_explanation="Não há imagem do que o modelo olhou: esta foto não pode ser avaliada.",
    progress="{done} de {total} fotos, faltam cerca de {left}",
    summary="{file}: {judged} fotos com resposta, {failed} não puderam ser usadas.",
    passed_over="Arquivos ignorados, {count}: {files}.",
    passed_over_kinds=PassedOverTexts(
        hidden="ocultos",
        empty="vazios",
        video="vídeo",
        raw="RAW de câmera (salve como JPEG)",
        other_picture="imagem de um tipo que não é lido (salve como JPEG)",
        no_photo="não são fotos",
    ),
)
