"""/cgi-bin: the door of the API. Path → function is in ENDPOINTS; each module beside holds the functions of one family."""

from scrm.sandbox.api import tokens, ways
from scrm.sandbox.api.endpoints import ENDPOINTS
