from .image import CODE_BEGIN as CODE_BEGIN
from .image import CODE_END as CODE_END
from .image import MAILBOX as MAILBOX
from .image import compile_firmware as compile_firmware
from .image import firmware_words as firmware_words
