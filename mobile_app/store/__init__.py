"""What the app keeps: spots, their photos and reports, on this device only. Knows nothing of Flet."""

from mobile_app.store.archive import Merged, Unwanted, export_archive, import_archive, write_archive
from mobile_app.store.calendar import reminder_event
from mobile_app.store.cipher import AesGcm, Cipher, Plain
from mobile_app.store.errors import StoreError, Trouble
from mobile_app.store.place import store_folder
from mobile_app.store.records import Judge, Lesion, Shot, Usage
from mobile_app.store.store import Store, is_sealed, set_aside

__all__ = [
    "AesGcm",
    "Cipher",
    "Judge",
    "Lesion",
    "Merged",
    "Plain",
    "Shot",
    "Store",
    "StoreError",
    "Trouble",
    "Unwanted",
    "Usage",
    "export_archive",
    "import_archive",
    "is_sealed",
    "reminder_event",
    "set_aside",
    "store_folder",
    "write_archive",
]
