from .image import MAILBOX as MAILBOX
from .image import compile_firmware as compile_firmware
from .image import firmware_words as firmware_words
