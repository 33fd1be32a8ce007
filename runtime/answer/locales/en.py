"""English."""

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

ENGLISH = Texts(
    language="en",
    language_name="English",
    disclaimer=(
        "This is a research tool, not a medical device and not a diagnosis. It can miss skin cancer. "
        "A spot that is new, changing, bleeding or worrying you belongs in front of a doctor, whatever this says."
    ),
    uncalibrated="uncalibrated",
    uncalibrated_note=(
        "Uncalibrated: the limits between low, moderate and high are defaults of this model; they were not chosen on "
        "any data."
    ),
    advice=AdviceTable(
        low=AdviceTexts(
            label="Low concern",
            headline="Few warning signs in this photo.",
            urgency="Watch the spot once a month by the ABCDE signs, and see a doctor if it changes.",
            what_to_do=(
                "Take a photo today with a ruler beside it, and compare it with a new one once a month.",
                "See a doctor if it changes, or if one of the warning signs below applies.",
                "Have your skin checked as often as your doctor recommends for you.",
            ),
        ),
        moderate=AdviceTexts(
            label="Moderate concern",
            headline="Have a doctor look at this.",
            urgency="Within 2 to 4 weeks: make an appointment with a doctor or dermatologist.",
            what_to_do=(
                "Make the appointment now, even if the spot does not bother you.",
                "Take a photo today with a ruler beside it, so that a change can be seen.",
                "Go sooner if one of the warning signs below applies.",
            ),
        ),
        high=AdviceTexts(
            label="High concern",
            headline="Have a doctor look at this soon.",
            urgency=(
                "As soon as possible, ideally within 1 to 2 weeks: ask for the next appointment with a doctor or "
                "dermatologist."
            ),
            what_to_do=(
                "Call and say that a skin spot needs to be checked for skin cancer.",
                "Show the doctor the spot itself; this result does not replace the examination.",
                "Do not wait to see whether it changes, and do not treat or remove it yourself.",
            ),
        ),
        cannot_assess=AdviceTexts(
            label="Cannot assess",
            headline="This photo cannot be judged.",
            urgency="Unknown: no result is not a good result.",
            what_to_do=(
                "Take a sharp photo of one spot in daylight, from about 10 cm, with the spot in the middle.",
                "If a second photo cannot be judged either, show the spot to a doctor.",
                "Do not wait for a photo if one of the warning signs below applies: see a doctor.",
            ),
        ),
        treatment=AdviceTexts(
            label="Not cancer-like, see a doctor",
            headline="This does not look like cancer; see a doctor about treatment.",
            urgency="Within the next few weeks; at once if it spreads fast, hurts badly or comes with fever.",
            what_to_do=(
                "Let a doctor find out what it is: inflammations and infections often need treatment.",
                "Show it again if it has not healed after four weeks: some skin cancers look like an inflammation.",
                "Go sooner if one of the warning signs below applies.",
            ),
        ),
    ),
    reasons=ReasonTable(
        unfamiliar="This photo is unlike the photos the model learnt from.",
        strong_signs="It shows strong signs that the model knows from skin cancer.",
        some_signs="It shows some signs that the model knows from skin cancer.",
        few_signs="It shows few of the signs that the model knows from skin cancer.",
        condition_needs_doctor="It looks most like this, which a doctor should see: {condition}.",
        inflammation="It looks most like an inflammation or infection.",
        on_the_edge=(
            "The photo is on the edge: framed a little differently, it would have another result. The more careful one "
            "is shown. A second photo helps: take one and have it judged, too."
        ),
    ),
    problems=ProblemTable(
        too_dark="The photo is too dark. Take it again in brighter light.",
        overexposed="The photo is too bright. Take it again without flash or direct sun.",
        no_detail="The photo shows no detail. Bring the spot into the middle of the picture and take it again.",
        blurred="The photo is blurred. Hold the phone still, tap on the spot to focus, and take it again.",
        glare="Light is reflected on the spot. Turn off the flash, tilt the phone a little, and take it again.",
        too_far="The spot is too small in the photo. Move closer until it fills about half of the picture.",
        too_close="The spot does not fit into the photo. Move back until there is skin all around it.",
        colour_cast="The colours of the photo are off. Take it again in daylight, without coloured light or filter.",
    ),
    conditions=ConditionTable(
        melanoma=ConditionTexts(
            name="Melanoma",
            description="A skin cancer of the pigment cells that can spread early; found in time, it is often cured.",
        ),
        basal_cell_carcinoma=ConditionTexts(
            name="Basal cell carcinoma",
            description="The most common skin cancer; it seldom spreads, but it grows into what lies around it.",
        ),
        squamous_cell_carcinoma=ConditionTexts(
            name="Squamous cell carcinoma",
            description="A skin cancer, often scaly or sore, that can spread if it is not removed.",
        ),
        actinic_keratosis=ConditionTexts(
            name="Actinic keratosis",
            description="A rough patch from years of sun that can become a skin cancer and is therefore treated.",
        ),
        melanocytic_nevus=ConditionTexts(
            name="Mole (melanocytic nevus)",
            description="A spot of pigment cells; a doctor should see it if it is new, changes or stands out.",
        ),
        seborrheic_keratosis=ConditionTexts(
            name="Seborrheic keratosis",
            description="A waxy or warty growth that comes with age; a melanoma can look like it.",
        ),
        dermatofibroma=ConditionTexts(
            name="Dermatofibroma",
            description="A small firm knot in the skin, often on a leg; a doctor should see it if it grows.",
        ),
        vascular_lesion=ConditionTexts(
            name="Vascular lesion",
            description="A red, blue or purple spot made of blood vessels or of blood under the skin.",
        ),
        non_neoplastic=ConditionTexts(
            name="Inflammation or infection",
            description="A rash, an inflammation or an infection, such as eczema or a fungus; it may need treatment.",
        ),
        other=ConditionTexts(
            name="Something else",
            description="None of the other nine groups; only an examination can say what it is.",
        ),
    ),
    red_flags_now="Bleeding, rapid change or a sore that does not heal: go to a doctor now, whatever this says.",
    red_flags=(
        "It is new, or changes in size, shape or colour.",
        "It bleeds, oozes, itches, hurts or does not heal within four weeks.",
        "It is raised, feels firm and keeps growing.",
        "It looks different from all your other spots.",
        "It is on a palm, a sole, under a nail or on the lips.",
        "One of the ABCDE signs applies.",
    ),
    abcde=(
        "A, asymmetry: one half does not match the other.",
        "B, border: the edge is ragged, notched or blurred.",
        "C, colour: it has several colours, or one that is uneven.",
        "D, diameter: it is larger than 6 mm, a pencil's end.",
        "E, evolution: it changes in size, shape, colour or feel.",
    ),
    why_heading="Why",
    what_to_do_heading="What to do",
    red_flags_heading="See a doctor in any case if",
    abcde_heading="The ABCDE signs",
    conditions_heading="Looks most like",
    condition_set="One of: {conditions}.",
    condition_set_of_one="Most likely: {conditions}.",
    model_line="Model {model_id}.",
    score_line="Malignancy score {score}.",
    explanation_caveat=(
        "Yellow parts of the photo raised the score, blue ones lowered it. "
        "The colours show what changed the score when it was covered, not why, and not where a disease is. "
        "A part without colour can still be dangerous. The picture proves nothing and does not replace an examination."
    ),
    no_explanation="No picture of where the model looked: this photo cannot be judged.",
    progress="{done} of {total} photos, about {left} left",
    summary="{file}: {judged} photos answered, {failed} could not be used.",
    passed_over="Passed over, {count} files: {files}.",
    passed_over_kinds=PassedOverTexts(
        hidden="hidden",
        empty="empty",
        video="video",
        raw="camera raw (save as JPEG)",
        other_picture="picture of a kind that is not read (save as JPEG)",
        no_photo="not a photo",
    ),
)
