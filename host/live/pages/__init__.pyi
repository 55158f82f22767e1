from .choice import Choice as Choice
from .page import Page as Page
