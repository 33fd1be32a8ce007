"""The form that every language fills in; a text that a language lacks is a type error, not a blank on the screen.

Words about tiers, advice and photo problems come from `runtime`; these are the app's own. Texts with {braces} are
formatted with what they name.
"""

from dataclasses import dataclass

from mobile_app.body import Half, Place, Region
from runtime.measure.verdict import Fault


@dataclass(frozen=True, kw_only=True)
class StartTexts:
    """First start, and the screen that asks for a photo."""

    steps: tuple[tuple[str, str], ...]
    """title and text of each step of the introduction"""
    next: str
    skip: str
    begin: str
    question: str
    tips: tuple[str, ...]
    choose_photo: str
    take_photo: str
    choose_dialog: str
    on_this_device: str
    on_that_computer: str
    kept_for_all: str
    """as a web page that keeps what is kept in one folder"""
    on_this_computer: str
    """as a web page on the same computer: nothing is kept after the session"""
    judged_elsewhere: tuple[str, str]
    """the second step where another computer judges"""
    visit_ends: str
    """with {minutes}"""
    visit_ends_at_once: str
    typed_in_tab: str
    restarted: str
    """in a browser: the program was stopped and started again; what was kept is there"""
    restarted_all_gone: str
    """the same where nothing outlives the program"""
    restarted_typed: str


@dataclass(frozen=True, kw_only=True)
class CameraTexts:
    """Taking a photo inside the app."""

    title: str
    hint: str
    ready: str
    """in place of the hint, where what the camera sees was judged and would do"""
    finder: str
    """what a screen reader says of the picture"""
    opening: str
    shutter: str
    light: str
    none: str
    none_found: str
    refused: str
    """with {reason}"""


@dataclass(frozen=True, kw_only=True)
class CheckTexts:
    """Between the photo and its answer: is it good enough, and which part of it is meant?"""

    title: str
    good: str
    not_good: str
    frame_hint: str
    frame_spoken: str
    """with {zoom}, a number"""
    zoom_in: str
    zoom_out: str
    whole: str
    around_spot: str
    move_left: str
    move_right: str
    move_up: str
    move_down: str
    judge: str
    judge_anyway: str
    retake: str
    opening: str
    analysing: str
    analysing_hint: str
    cancel: str


@dataclass(frozen=True, kw_only=True)
class AnswerTexts:
    """Around the answer that `runtime` gives."""

    choose_another: str
    another: str
    retake: str
    the_photo: str
    judged_part: str
    back_to_square: str
    tier_spoken: str
    why: str
    what_to_do: str
    red_flags: str
    red_flags_hint: str
    conditions: str
    conditions_hint: str
    condition_spoken: str
    less_than_one: str
    percent: str
    show_all: str
    show_fewer: str
    not_calibrated: str
    model: str
    disclaimer_title: str
    where_looked: str
    looking: str
    looked_at: str
    keep: str
    share: str
    share_pdf: str
    save_pdf: str
    save_png: str
    copy: str
    copied: str
    shared: str
    saved: str
    enlarge: str
    shrink: str
    """leaves the enlarged photo"""
    dismiss: str
    """takes a message away"""
    failed: str
    """stands above a message about what went wrong"""
    not_saved: str


@dataclass(frozen=True, kw_only=True)
class TroubleTexts:
    """When there is no answer."""

    refused_title: str
    refused_advice: str
    heic_advice: str
    """in its place for a photo as iPhones store it: as the camera saved it is just what cannot be read"""
    bundle_title: str
    bundle_advice: tuple[str, ...]
    unexpected_title: str
    unexpected_advice: str
    details: str
    leaving: str
    """on a phone, before "back" leaves the app with something that is not kept"""
    try_again: str
    begin_anew: str
    begin_anew_sure: str
    not_arrived_title: str
    not_arrived: str
    """with {name}; a file on its way from a browser"""
    unreachable_title: str
    """in a browser: the computer that serves the page does not answer"""
    unreachable_advice: str
    too_large: str
    """with {name}, {size} and {most}, in MB"""
    store_title: str
    store_advice: str


@dataclass(frozen=True, kw_only=True)
class SpotTexts:
    """Spots that are followed over time."""

    title: str
    none_yet: str
    none_found: str
    search: str
    any_place: str
    keep_title: str
    new_spot: str
    which_spot: str
    name: str
    name_hint: str
    unprintable: str
    """below a field with letters that the page for a doctor has not"""
    unshown: str
    """below a field with letters that no font of the app has"""
    no_name: str
    place: str
    no_place: str
    front: str
    back_view: str
    notes: str
    save: str
    changed_title: str
    changed_hint: str
    changed: tuple[tuple[str, str], ...]
    """code and question, in the order of ABCDE and symptoms"""
    said: tuple[tuple[str, str], ...]
    """code and what a yes to its question says, in the same order"""
    ahead: str
    """of a photo whose date lies in the future"""
    again: str
    """a new photo of the spot on show"""
    again_of: str
    """with {name}: which spot the next photo belongs to"""
    again_not: str
    """the next photo is of something else"""
    show_answer: str
    clear_search: str
    photos: str
    """with {count}"""
    no_photo_kept: str
    not_assessed: str
    """in place of a result, where the photo could not be judged"""
    compare: str
    compare_hint: str
    compare_spoken: str
    earlier: str
    later: str
    trend: str
    trend_tier: str
    trend_size: str
    trend_spoken: str
    """with {points}, what the plot shows in words"""
    level_low: str
    level_treatment: str
    level_moderate: str
    level_high: str
    """the results in a word each, for the plot"""
    size: str
    """with {percent}"""
    remind: str
    remind_weeks: str
    """with {weeks}"""
    remind_event: str
    """with {name}: the calendar entry"""
    remind_saved: str
    due: str
    """with {date}"""
    edit: str
    back: str
    delete_photo: str
    delete_spot: str
    delete_sure: str
    delete: str
    keep_it: str


@dataclass(frozen=True, kw_only=True)
class SettingTexts:
    """Settings and what the app is."""

    title: str
    language: str
    theme: str
    theme_system: str
    theme_light: str
    theme_dark: str
    text_size: str
    text_sizes: tuple[str, str, str, str]
    keep_photos: str
    keep_photos_hint: str
    storage: str
    stored: str
    """with {spots}, {photos} and {megabytes}"""
    protected: str
    not_protected: str
    session_only: str
    sealed_for_visit: str
    export_all: str
    import_all: str
    not_imported: str
    """with {reason}"""
    imported: str
    coming: str
    """with {name} and {percent}: such a file is on its way from a browser"""
    import_too_large: str
    """with {name}, {size} and {most}, in MB"""
    export_too_large: str
    """with {size} and {most}, in MB"""
    """with {spots} and {photos}"""
    delete_all: str
    delete_all_sure: str
    deleted: str
    about: str
    about_text: str
    about_elsewhere: str
    """where another computer judges"""
    model: str
    model_card: str
    trained_on: str
    licence: str
    made_on: str
    prevalence: str
    declared: str
    """a share that somebody declared: {share}"""
    size: str
    limits: str
    not_assured: str
    """with {groups}, Fitzpatrick types"""
    figures: str
    sensitivity: str
    melanomas: str
    specificity: str
    auc: str
    licences: str
    licences_hint: str
    introduction: str


@dataclass(frozen=True, kw_only=True)
class MeasureTexts:
    """How fast this device is."""

    measure_here: str
    measure_there: str
    """where another computer judges"""
    about: str
    """with {samples} and {seconds}"""
    measured_there: str
    """where another computer judges"""
    measured_here: str
    """that it gets warm"""
    begin: str
    again: str
    stop: str
    going: str
    """with {percent}"""
    leave_it: str
    busy: str
    failed: str
    """with {reason}"""
    milliseconds: str
    """with {ms}"""
    typical: str
    nine_of_ten: str
    drift: str
    steady: str
    slower: str
    """with {percent}"""
    faster: str
    """with {percent}"""
    parts_title: str
    parts: tuple[tuple[str, str], ...]
    """code and name of each step of the photo's way"""
    valid_title: str
    valid: str
    invalid_title: str
    reasons: tuple[tuple[str, str], ...]
    """code and sentence, with {found} and {limit}: why a figure is not to be compared"""
    known_title: str
    known_about: str
    known_line: str
    """with {name}, {typical} and {nine_of_ten}"""
    just_measured: str
    other_model: str
    """after a device that was measured with another model"""
    file_hint: str
    save: str
    share: str

    def reason(self, fault: Fault) -> str:
        """The sentence of a fault."""
        return dict(self.reasons)[fault.value]


@dataclass(frozen=True, kw_only=True)
class GuideTexts:
    """What to look for, and whom to ask."""

    title: str
    abcde: str
    same_for_all: str
    """the same standards for every skin tone, and where to look on dark skin"""
    find_title: str
    find: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BodyTexts:
    """One name for each `Region`, and what a half is called."""

    scalp: str
    face: str
    ear: str
    neck: str
    chest: str
    abdomen: str
    groin: str
    upper_back: str
    lower_back: str
    buttock: str
    shoulder: str
    upper_arm: str
    forearm: str
    hand: str
    palm: str
    thigh: str
    lower_leg: str
    foot: str
    sole: str
    nail: str
    left: str
    """with {region}"""
    right: str
    """with {region}"""

    def name(self, region: Region) -> str:
        """The region alone."""
        return vars(self)[region.value]

    def place(self, place: Place) -> str:
        """The region with its half."""
        name = self.name(place.region)
        if place.half is None:
            return name
        return (self.left if place.half is Half.LEFT else self.right).format(region=name)


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The app's strings in one language."""

    app: str
    tabs: tuple[str, str, str, str]
    """photo, spots, guide, settings"""
    date: str
    """strftime, digits only"""
    start: StartTexts
    camera: CameraTexts
    check: CheckTexts
    answer: AnswerTexts
    trouble: TroubleTexts
    spots: SpotTexts
    settings: SettingTexts
    measure: MeasureTexts
    guide: GuideTexts
    body: BodyTexts
