"""Guards of the client and the command: what is never sent twice, and what is never told."""

from tests.mutants.mutant import Mutant, mutant

ATTEMPTS, CHECKS = "server/client/attempts.py", "server/command/checks.py"
TRIED, ASKED = "server/client/test_attempts.py::", "server/command/test_asking.py::"
TRACKING, TRACKED = "server/command/tracking.py", "system/test_tracking.py::"

MUTANTS: tuple[Mutant, ...] = (
    mutant(
        "a change whose answer was lost is not sent again",
        ATTEMPTS,
        "if self._left > 0 and (self._may_repeat or isinstance(error, _NOT_SENT)):",
        "if self._left > 0:",
        TRIED + "test_a_change_whose_end_nobody_knows_is_sent_once",
    ),
    mutant(
        "a refusal that may have done it is not asked again",
        ATTEMPTS,
        "passes and (self._may_repeat or error.code in NOT_DONE)",
        "answer.status_code in PASSING",
        TRIED + "test_a_change_whose_end_nobody_knows_is_sent_once",
    ),
    mutant(
        "half an event is not joined to the next",
        "server/client/events.py",
        'self._number, self._kind, self._data = self.last, "", ""',
        'self._number, self._kind, self._data = self.last, "", getattr(self, "_data", "")',
        TRIED + "test_events_go_on_where_a_connection_broke_off",
    ),
    mutant(
        "a report has no secret",
        CHECKS,
        '"set" if name in secrets else ',
        "",
        ASKED + "test_a_report_has_what_helps_and_no_secret",
    ),
    mutant(
        "a report has no password of the database",
        CHECKS,
        'if name != "database":',
        "if True:",
        ASKED + "test_a_report_has_what_helps_and_no_secret",
    ),
    mutant(
        "a version is logged to MLflow once",
        TRACKING,
        "next((each for each in before if each.name == name), None)",
        "None",
        TRACKED + "test_a_version_is_logged_once_and_an_alias_follows_what_serves",
    ),
    mutant(
        "a tracking server is asked over HTTP",
        TRACKING,
        'if not uri.startswith(("http://", "https://")):',
        "if not uri:",
        TRACKED + "test_a_tracking_server_is_a_url",
    ),
    mutant(
        "MLflow tells its makers nothing",
        TRACKING,
        '"MLFLOW_DISABLE_TELEMETRY": "true"',
        '"MLFLOW_DISABLE_TELEMETRY": "false"',
        TRACKED + "test_mlflow_tells_its_makers_nothing_unless_somebody_wants_it",
    ),
)
