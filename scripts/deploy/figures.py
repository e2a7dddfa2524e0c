"""Has both services do something, and looks for each figure of the dashboard and the alerts in Prometheus."""

import json
import re
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy/observe"


def get(url, data=None, headers=None):
    request = urllib.request.Request(url, data=data, headers=headers or {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def find(prometheus, expression):
    """The result of an expression now; an error if Prometheus cannot read it."""
    query = urllib.parse.urlencode({"query": expression.replace("$__rate_interval", "20s")})
    return json.loads(get(f"{prometheus}/api/v1/query?{query}"))["data"]["result"]


def expressions():
    dashboard = json.loads((DEPLOY / "grafana/dashboards/images.json").read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids)), "two panels have the same id"
    return [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel.get("targets", [])]


def job_is_done(store, photo):
    sent = get(f"{store}/v1/images?name=photo.jpg&then=compress:medium", photo, {"Content-Type": "image/jpeg"})
    image = json.loads(sent)["id"]
    for _ in range(1200):
        jobs = json.loads(get(f"{store}/v1/jobs?image_id={image}"))["jobs"]
        if jobs and all(job["status"] == "done" for job in jobs):
            return
        time.sleep(0.1)
    sys.exit("the job was not done within two minutes")


def main(store, prometheus, photo):
    job_is_done(store, Path(photo).read_bytes())
    missing = expressions()
    # gRPC has no calls here.
    missing = [(title, expression) for title, expression in missing if "grpc_" not in expression]
    count = len(missing)
    for _ in range(60):
        get(f"{store}/v1/images")
        missing = [(title, expression) for title, expression in missing if not find(prometheus, expression)]
        if not missing:
            break
        time.sleep(1)
    for title, expression in missing:
        print(f"{title}: nothing is found by {expression}", file=sys.stderr)
    if missing:
        sys.exit(1)
    print(f"each of {count} figures of the dashboard is there")
    names = set(json.loads(get(f"{prometheus}/api/v1/label/__name__/values"))["data"])
    for group in json.loads(get(f"{prometheus}/api/v1/rules"))["data"]["groups"]:
        for rule in group["rules"]:
            assert rule["state"] == "inactive", f"{rule['name']} is {rule['state']}"
            used = set(re.findall(r"\b(?:up|http_\w+|imagestore_\w+|imagecompress_\w+)\b(?=[{\s\[=])", rule["query"]))
            assert used and used <= names, f"{rule['name']} asks for {used - names}"
    print("each alert asks for figures that are there, and none is raised")


main(*sys.argv[1:])
