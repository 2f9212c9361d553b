"""Run by the Python of an empty environment into which the built package was installed, as a user would have it."""

from importlib.metadata import metadata, requires
from importlib.resources import files

import lanyard

told = metadata("lanyard-iam")
assert (told["Name"], told["License-Expression"]) == ("lanyard-iam", "Apache-2.0"), told
assert files(lanyard).joinpath("py.typed").is_file()
assert told.get_all("License-File") == ["LICENSE"], told.get_all("License-File")
needed = [line for line in requires("lanyard-iam") or () if "extra ==" not in line]
assert sorted(line.split(">")[0].split("<")[0] for line in needed) == ["cryptography", "httpx"], needed
for name in lanyard.__all__:
    getattr(lanyard, name)
server = lanyard.ResourceServer(issuer="https://issuer.example", resource="https://tickets.example", mode="offline")
try:
    server.authenticate("GET", "/", [])
except lanyard.AccessError as error:
    assert (error.code, error.reply.status) == ("credentials_missing", 401)
else:
    raise AssertionError("let in without credentials")
for extra in ("asgi", "aws", "evidence", "fastapi"):
    __import__(f"lanyard.{extra}")
print("installed: ok")
