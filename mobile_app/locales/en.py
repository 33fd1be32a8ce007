"""English."""

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

ENGLISH = Texts(
    app="SkinTag Edge",
    tabs=("Photo", "My spots", "Guide", "Settings"),
    date="%Y-%m-%d",
    start=StartTexts(
        steps=(
            (
                "How soon should someone look at this?",
                "Take a photo of one spot on the skin. The app says how soon a doctor should see it.",
            ),
            ("It works without a network", "The photo is judged here. It is sent to nobody."),
            (
                "It is not a doctor",
                "It misses cancers, and it can worry you without need. A spot that is new, changing or bleeding "
                "belongs in front of a doctor whatever the app says.",
            ),
            (
                "Less certain on dark skin",
                "It has seen few photos of dark skin and cannot promise the same there. Look at palms, soles and "
                "nails, "
                "too. When it cannot judge a photo it says so.",
            ),
        ),
        next="Next",
        skip="Skip",
        begin="Start",
        question="How soon should someone look at this?",
        tips=(
            "One spot, in the middle, filling about half of the picture.",
            "Even daylight; no shadow, no flash glare.",
            "Hold still until the skin is sharp.",
        ),
        choose_photo="Choose a photo",
        take_photo="Take a photo",
        choose_dialog="Choose a photo of one spot on the skin",
        on_this_device="Works without a network. Photos never leave this device.",
        on_that_computer="Photos are judged by the computer that serves this page, and are not kept after this visit.",
        kept_for_all=(
            "The computer that serves this page judges photos. What you keep stays there, not encrypted, "
            "and everyone who opens this page sees it."
        ),
        on_this_computer="Photos are judged on this computer, and are not kept after this visit.",
        judged_elsewhere=(
            "Another computer judges the photo",
            "It is sent to the computer that serves this page, and to nobody else.",
        ),
        visit_ends="A visit ends {minutes} min after its page is closed; what was not kept is then forgotten.",
        visit_ends_at_once="A visit ends when its page is closed; what was not kept is then forgotten.",
        typed_in_tab=(
            "What you type also stays in this tab of the browser, not encrypted, with your settings, until the "
            "tab is closed."
        ),
        restarted=(
            "The program behind this page was restarted. What was kept is still there; photos and answers that "
            "were not kept are gone."
        ),
        restarted_all_gone=(
            "The program behind this page was restarted. Photos, answers and spots from before are gone."
        ),
        restarted_typed="What you typed and had not saved is still here, in its form.",
    ),
    camera=CameraTexts(
        title="Put the spot into the ring",
        hint="Hold the phone a hand's breadth away, still, in even light. The ring should just hold the spot.",
        ready="Good: take the photo now.",
        finder="What the camera sees, with a ring in the middle",
        opening="Opening the camera",
        shutter="Take the photo",
        light="Light on or off",
        none="The camera cannot be used",
        none_found="No camera was found. Choose a photo instead.",
        refused=(
            "The camera did not open ({reason}). Allow it in the settings of the device or browser, or choose a photo."
        ),
    ),
    check=CheckTexts(
        title="Is the spot in the square?",
        good="The photo is good enough to be judged.",
        not_good="This photo cannot be judged",
        frame_hint="Drag the photo so that the spot is in the middle. It should fill about half of the square.",
        frame_spoken="The part of the photo that will be judged, enlarged {zoom} times",
        zoom_in="Zoom in",
        zoom_out="Zoom out",
        whole="Whole photo",
        around_spot="Around the spot",
        move_left="Move the square left",
        move_right="Move the square right",
        move_up="Move the square up",
        move_down="Move the square down",
        judge="Judge this spot",
        judge_anyway="Go on without a result",
        retake="Take or choose another photo",
        opening="Opening the photo",
        analysing="Looking at the photo",
        analysing_hint="This takes about a second.",
        cancel="Cancel",
    ),
    answer=AnswerTexts(
        choose_another="Choose another photo",
        another="Another photo",
        retake="Take or choose another photo",
        the_photo="The photo, {name}",
        judged_part="What the model looks at",
        back_to_square="Move the square",
        tier_spoken="Result: {tier}",
        why="Why",
        what_to_do="What to do",
        red_flags="Warning signs",
        red_flags_hint="If one of these applies, see a doctor whatever the result says.",
        conditions="What it looks most like",
        conditions_hint="How the model weighs ten groups of conditions. It is not a diagnosis.",
        condition_spoken="{name}: {percent}",
        less_than_one="<1%",
        percent="{value}%",
        show_all="Show all {count}",
        show_fewer="Show fewer",
        not_calibrated="This model's thresholds have not been calibrated on patients' photos. Do not rely on its tier.",
        model="Model {model_id}",
        disclaimer_title="Not a diagnosis",
        where_looked="Show where the model looked",
        looking="Looking for what mattered",
        looked_at="The photo with what mattered to the model marked",
        keep="Keep it with my spots",
        share="For a doctor",
        share_pdf="Share as PDF",
        save_pdf="Save as PDF",
        save_png="Save as picture",
        copy="Copy as text",
        copied="Copied",
        shared="Shared",
        saved="Saved",
        enlarge="Enlarge the photo",
        shrink="Close the photo",
        dismiss="Close the message",
        failed="That did not work",
        not_saved="Could not be saved: {reason}",
    ),
    trouble=TroubleTexts(
        refused_title="This file cannot be used",
        refused_advice="Choose the picture as the camera saved it, or save it once more as JPEG and choose that.",
        heic_advice=(
            "This is a HEIC photo, as iPhones store them. Save it once more as JPEG and choose that, or take another "
            "one: on the iPhone, Settings > Camera > Formats > Most Compatible makes every new photo a JPEG."
        ),
        bundle_title="The model cannot be used",
        bundle_advice=(
            "No photo can be judged until this is mended. Nothing is wrong with your photo.",
            "Install the app again, or start it with --bundle and the folder of a verified bundle.",
        ),
        unexpected_title="Something went wrong",
        unexpected_advice=(
            "This photo was not judged. Try again; if that fails too, close other apps and restart this one."
        ),
        details="What happened",
        leaving="What you have not kept will be gone. Go back once more to leave.",
        try_again="Try again",
        begin_anew="Begin with an empty list",
        begin_anew_sure="What is there now is set aside, not deleted, and this app no longer shows it.",
        not_arrived_title="The file did not arrive",
        not_arrived=(
            "{name} did not arrive: the connection broke or was refused, or the browser could no longer read the "
            "file. Check the network, then choose it again."
        ),
        unreachable_title="The computer behind this page cannot be reached",
        unreachable_advice=(
            "If only the network is gone, what you did here is still there. Check the network, and that the program "
            "still runs; the page goes on by itself once the computer answers."
        ),
        too_large=(
            "{name} has {size} MB; at most {most} MB can be read. Nothing was sent. Choose a smaller picture, or save "
            "this one as JPEG."
        ),
        store_title="Your spots cannot be opened",
        store_advice="Photos can still be judged, but nothing is kept. What was kept before has not been touched.",
    ),
    spots=SpotTexts(
        title="My spots",
        none_yet="Nothing is kept yet. After a result, keep the photo with a spot to compare it later.",
        none_found="No spot fits.",
        search="Search by name or note",
        any_place="Anywhere on the body",
        keep_title="Which spot is this?",
        new_spot="A new spot",
        which_spot="Spot",
        name="Name",
        name_hint="For instance: mole below the left shoulder",
        unprintable="Some of these letters cannot be printed: the page for a doctor will show “?” instead.",
        unshown="Some of these letters cannot be printed, and may not be shown in a browser.",
        no_name="Spot without a name",
        place="Where on the body",
        no_place="Not said",
        front="Front",
        back_view="Back",
        notes="Notes",
        save="Keep",
        changed_title="Has it changed since last time?",
        changed_hint="Each yes is a reason to see a doctor, whatever the result says.",
        changed=(
            ("asymmetry", "Has one half become unlike the other?"),
            ("border", "Has its edge become ragged or blurred?"),
            ("colour", "Has it a new colour, or more of them?"),
            ("diameter", "Has it grown?"),
            ("evolution", "Has it changed in any other way?"),
            ("bleeding", "Has it bled, wept or formed a crust?"),
            ("itch", "Does it itch or hurt?"),
        ),
        said=(
            ("asymmetry", "One half has become unlike the other"),
            ("border", "Its edge has become ragged or blurred"),
            ("colour", "It has a new colour, or more of them"),
            ("diameter", "It has grown"),
            ("evolution", "It has changed in another way"),
            ("bleeding", "It has bled, wept or formed a crust"),
            ("itch", "It itches or hurts"),
        ),
        ahead="This date lies in the future: the clock of the device was wrong.",
        again="New photo of this spot",
        again_of="The next photo is of: {name}",
        again_not="Not of this spot",
        show_answer="Show the result",
        clear_search="Clear the search",
        photos="Photos: {count}",
        no_photo_kept="The photo was not kept.",
        not_assessed="Not assessed",
        compare="Compare",
        compare_hint="Drag across the photo: left of the line is the earlier one.",
        compare_spoken="The earlier photo and the later one, with a line between them",
        earlier="Earlier photo",
        later="Later photo",
        trend="Over time",
        trend_tier="Result",
        trend_size="Size in the frame",
        trend_spoken="Over time: {points}",
        level_low="Low",
        level_treatment="Treatment",
        level_moderate="Moderate",
        level_high="High",
        size="{percent} of the frame",
        remind="Remind me",
        remind_weeks="In {weeks} weeks",
        remind_event="Photograph the spot: {name}",
        remind_saved="Open the saved calendar file to add the reminder to your calendar.",
        due="Next photo: {date}",
        edit="Change name, place and notes",
        back="Back",
        delete_photo="Delete this photo",
        delete_spot="Delete this spot",
        delete_sure="It cannot be brought back.",
        delete="Delete",
        keep_it="Cancel",
    ),
    settings=SettingTexts(
        title="Settings",
        language="Language",
        theme="Appearance",
        theme_system="As the device",
        theme_light="Light",
        theme_dark="Dark",
        text_size="Text size",
        text_sizes=("Normal", "Larger", "Large", "Largest"),
        keep_photos="Keep photos",
        keep_photos_hint="Off: results are kept without their photos.",
        storage="What is kept",
        stored="Spots: {spots}, photos: {photos}, {megabytes} MB",
        protected="Photos and notes are encrypted with a key that this device keeps.",
        not_protected="Photos and notes are not encrypted by the app. The device's own lock protects them.",
        session_only="They are kept for this visit only.",
        sealed_for_visit=(
            "They are kept for this visit only, encrypted with a key that lies nowhere but in the program's memory."
        ),
        export_all="Save everything as one file",
        import_all="Bring such a file back",
        imported="Added: spots {spots}, photos {photos}.",
        not_imported="Could not be brought back: {reason}",
        coming="{name}: {percent}% is here",
        import_too_large=(
            "{name} has {size} MB; at most {most} MB can be brought back through a page. Nothing was sent. The "
            "app itself, without a browser, has no such limit."
        ),
        export_too_large=(
            "Everything together has {size} MB; at most {most} MB can be saved through a page. Delete photos that "
            "are not needed, or have the folder of the program copied."
        ),
        delete_all="Delete everything",
        delete_all_sure="All spots, photos and notes will be gone. They cannot be brought back.",
        deleted="Everything was deleted.",
        about="About",
        about_text="A screening aid for people without a dermatologist. It judges one photo at a time, on this device.",
        about_elsewhere=(
            "A screening aid for people without a dermatologist. It judges one photo at a time, on the "
            "computer that serves this page."
        ),
        model="Model",
        model_card="About the model",
        trained_on="Learnt from photos of",
        licence="Licence",
        made_on="Made on",
        prevalence="Share of malignant lesions it reckons with",
        declared="{share}: declared by its makers, not measured",
        size="Size",
        limits="What it is not good for",
        not_assured="Too few photos to promise anything for skin of Fitzpatrick type: {groups}.",
        figures="Measured on photos it had not seen",
        sensitivity="Cancers not shown as low",
        melanomas="Melanomas not shown as low",
        specificity="Harmless spots shown as low",
        auc="How well cancers are told apart (AUC, 1 is best)",
        licences="Licences of the parts",
        licences_hint="This app contains work by others. Each part stands under its own licence.",
        introduction="Show the introduction again",
    ),
    measure=MeasureTexts(
        measure_here="Measure this device",
        measure_there="Measure that computer",
        about=(
            "Judges a drawn photo at least {samples} times and for at least {seconds} seconds, and times every "
            "step. No photo of yours is used. Most devices take two minutes, a slow phone takes ten or more."
        ),
        measured_there="It measures the computer that serves this page, not the device in your hand.",
        measured_here=(
            "The device gets warm and uses its battery. Close other apps, take it out of its case, and leave it "
            "lying until the bar is full."
        ),
        begin="Begin measuring",
        again="Measure again",
        stop="Stop measuring",
        going="{percent}% is done",
        leave_it="The rest of the app can be used meanwhile, but the figures suffer from it.",
        busy="Something is being measured already. Try again when that is done.",
        failed="It could not be measured: {reason}",
        milliseconds="{ms} ms",
        typical="Half of all photos are judged within",
        nine_of_ten="Nine of ten are judged within",
        drift="From the beginning to the end",
        steady="as fast as at first",
        slower="{percent}% slower",
        faster="{percent}% faster",
        parts_title="What takes the time",
        parts=(
            ("decode", "Opening the photo"),
            ("gate", "Checking its quality"),
            ("model", "The model"),
            ("decision", "Deciding"),
        ),
        valid_title="These figures can be compared",
        valid="There were enough photos, it took long enough, and the pace stayed the same.",
        invalid_title="Not to be compared with other devices",
        reasons=(
            ("too_few_samples", "Only {found} photos were judged, {limit} are needed."),
            ("too_short", "It took {found} seconds, {limit} are needed."),
            ("spread", "The times differ by {found}%, at most {limit}% are allowed."),
            (
                "drift",
                "The pace changed by {found}%, at most {limit}% are allowed: measure again after a pause.",
            ),
            ("other_load", "Other programs had {found}% of the processor, at most {limit}% are allowed."),
        ),
        known_title="Beside other devices",
        known_about=(
            "The same photo, from the file to the answer, the quickest first. "
            "Only measurements that keep to the rule stand here."
        ),
        known_line="{name}: {typical}, nine of ten within {nine_of_ten}",
        just_measured="Measured just now",
        other_model="another model",
        file_hint=(
            "The file holds every time, the hardware and the system that were measured, and their temperatures. "
            "It holds nothing about you or your photos."
        ),
        save="Save the result file",
        share="Share the result file",
    ),
    guide=GuideTexts(
        title="What to look for",
        abcde="Five things to compare, month by month",
        same_for_all=(
            "The same signs count on every skin. On brown and black skin melanoma is found more often on palms, soles, "
            "under nails and inside the mouth: look there, too, and at a dark stripe in a nail that widens."
        ),
        find_title="Who can look at it",
        find=(
            "A nurse, health worker or family doctor can look first and send you on.",
            "Ask for dermatology at the nearest hospital; many have a day for urgent spots.",
            "Where there is no dermatologist, ask whether the photo page can be sent to one: save it as PDF.",
            "Bleeding, fast growth or a new dark spot: go now, do not wait for an appointment.",
        ),
    ),
    body=BodyTexts(
        scalp="Scalp",
        face="Face",
        ear="Ear",
        neck="Neck",
        chest="Chest",
        abdomen="Belly",
        groin="Groin",
        upper_back="Upper back",
        lower_back="Lower back",
        buttock="Buttock",
        shoulder="Shoulder",
        upper_arm="Upper arm",
        forearm="Forearm",
        hand="Back of the hand",
        palm="Palm",
        thigh="Thigh",
        lower_leg="Lower leg",
        foot="Top of the foot",
        sole="Sole",
        nail="Nail",
        left="{region}, left",
        right="{region}, right",
    ),
)
