"""What Schemathesis can not know: each call has an Idempotency-Key of its own."""

from typing import Any
from uuid import uuid4

import schemathesis

KEY = "Idempotency-Key"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    if case.headers and KEY in case.headers and case.headers[KEY]:
        case.headers[KEY] = str(uuid4())
