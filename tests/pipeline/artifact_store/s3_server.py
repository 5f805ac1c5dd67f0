"""A server that speaks S3 and lets only one pair of keys in; runs in an environment of its own.

`python s3_server.py FOLDER` writes `FOLDER/server.json` once it answers. While `FOLDER/hold`
exists, requests that write a path which its text matches wait, and `FOLDER/held` tells of them.
"""

import json
import re
import sys
import threading
import time
from pathlib import Path

import boto3
from moto import settings
from moto.core.responses import ActionAuthenticatorMixin
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUCKET = "shop"
ALL = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


def main(folder: Path) -> None:
    served = DomainDispatcherApplication(create_backend_app)

    def application(environ, start_response):
        hold = folder / "hold"
        writes = environ["REQUEST_METHOD"] in ("PUT", "POST")
        while writes and hold.exists() and re.search(hold.read_text(), environ["PATH_INFO"]):
            (folder / "held").touch()
            time.sleep(0.02)
        return served(environ, start_response)

    server = make_server("127.0.0.1", 0, application, threaded=True)
    threading.Thread(target=server.serve_forever).start()
    url = f"http://127.0.0.1:{server.server_port}"
    key, secret = keys(url)
    ActionAuthenticatorMixin.request_count = 0
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0  # from here on, signatures are checked
    draft = folder / "server.json.new"
    draft.write_text(json.dumps({"url": url, "key": key, "secret": secret}))
    draft.rename(folder / "server.json")


def keys(url: str) -> tuple[str, str]:
    """Makes the bucket, and a user who may do everything in it."""
    first = {"aws_access_key_id": "-", "aws_secret_access_key": "-", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=url, **first).create_bucket(Bucket=BUCKET)
    iam = boto3.client("iam", endpoint_url=url, **first)
    iam.create_user(UserName="sluice")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [ALL]})
    iam.put_user_policy(UserName="sluice", PolicyName="all", PolicyDocument=policy)
    made = iam.create_access_key(UserName="sluice")["AccessKey"]
    return made["AccessKeyId"], made["SecretAccessKey"]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
