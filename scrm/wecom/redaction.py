"""WeCom takes secrets and tokens in its URLs, so no log line may quote one."""

import logging
import re

SECRETS = re.compile(r"((?:corpsecret|access_token|welcome_code|suite_ticket)=)[^&\s'\")]+")
LOUD = ("urllib3", "urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "requests", "wechatpy")


class Redacting(logging.Filter):
    """Blots out secrets in what a library logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        clean = SECRETS.sub(r"\1…", text)
        if clean != text:
            record.msg, record.args = clean, ()
        return True


def quieten() -> None:
    """The HTTP libraries tell us of warnings only, without secrets."""
    for name in LOUD:
        logger = logging.getLogger(name)
        logger.addFilter(Redacting())
        logger.setLevel(max(logger.level, logging.WARNING))
