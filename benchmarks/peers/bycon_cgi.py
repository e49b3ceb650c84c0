"""Answer one Beacon request with bycon: a CGI program, started anew for each.

bycon's wheel brings the library alone; its documentation has a script call it from
a web server's CGI folder, with the request's path in ``REQUEST_URI`` (Apache sets
it, Python's server does not).  Run by bycon's own environment.
"""

import os

os.environ.setdefault("HTTP_HOST", "localhost")
os.environ["REQUEST_URI"] = (
    os.environ["SCRIPT_NAME"]
    + os.environ.get("PATH_INFO", "")
    + "?"
    + os.environ.get("QUERY_STRING", "")
)

from bycon import (
    BeaconDataResponse,
    BeaconErrorResponse,
    BeaconInfoResponse,
    print_json_response,
)

BeaconErrorResponse().respond_if_errors()
print_json_response(
    BeaconDataResponse().dataResponseFromEntry()
    or BeaconInfoResponse().populatedInfoResponse()
)
