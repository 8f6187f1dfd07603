"""A test that failed and then passed is no success to be silent about, and many of them are a failure.

Where pytest is told to try what fails once more (`--reruns 1`, as in `.ci/run`), the summary names each such test with
what it failed of. A few in thousands may be chance on a machine that others use as well; more are a fault.
"""

import pytest

MOST = 3  # tests of a run that may pass at their second try


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    tried_again = {report.nodeid for report in reporter.stats.get("rerun", [])}
    if len(tried_again) > MOST:
        reporter.write_line(f"\n{len(tried_again)} tests passed at their second try only; at most {MOST} may")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
