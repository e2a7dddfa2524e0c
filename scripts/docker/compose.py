"""docker-compose.yml against the compose specification, and what it says against the files that it names."""

import re
import subprocess
import tempfile
import tomllib
from pathlib import Path

import yaml
from compose_spec import PyCompose

PAIR = {"store", "compress"}
PROFILES = {
    "observe": {"prometheus", "grafana"},
    "otlp": {"collector"},
    "scale": {"secrets", "postgres", "garage", "mosquitto", "kafka", "topics", "stores", "balancer", "compressors"},
}
HARDENED = {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}


def main():
    PyCompose.from_yaml(Path("docker-compose.yml").read_text()).validate()
    file = yaml.safe_load(Path("docker-compose.yml").read_text())
    services = file["services"]
    assert set(services) == PAIR.union(*PROFILES.values()), sorted(services)
    for name, service in services.items():
        profiles = {profile for profile, names in PROFILES.items() if name in names}
        assert set(service.get("profiles", [])) == profiles, f"{name} has the profiles {service.get('profiles')}"
        # Grafana alone writes where its image wants it to.
        wanted = HARDENED if name == "grafana" else HARDENED | {"read_only": True}
        assert wanted.items() <= service.items(), f"{name} may do more than the others"
        assert "build" in service or re.search(r":v?\d+\.\d+", service["image"]), f"{name} has no version"
        reached = {other for other in service.get("depends_on", {})}
        assert all(profiles <= set(services[other].get("profiles", [])) for other in reached), f"{name} waits for others"
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            there = Path(source).exists() if source.startswith("./") else source in file["volumes"] or mount == "/data"
            assert there, f"{name} mounts {source}, which is not there"
    check_variables()
    check_secrets(services["secrets"])
    check_balancer(services["balancer"]["environment"])
    check_topics(services)
    print("docker-compose.yml follows the compose specification")


def check_variables():
    """Each variable is explained, and none has a default that works unless it is no secret."""
    used = dict(re.findall(r"(?<!\$)\$\{(\w+):-([^}]*)\}", Path("docker-compose.yml").read_text()))
    explained = set(re.findall(r"^(\w+)=$", Path(".env.example").read_text(), re.MULTILINE))
    assert set(used) == explained, f"docker-compose.yml has {sorted(used)}, .env.example {sorted(explained)}"
    assert {name for name, default in used.items() if default} == {"PUBLIC_URL"}, used


def check_secrets(service):
    """Without one of the secrets the start is refused, and which one is said."""
    script = service["entrypoint"][-1]
    assert "$" not in script.replace("$$", ""), "compose would fill in what is the shell's"
    command = [*service["entrypoint"][:-1], script.replace("$$", "$")]
    full = dict.fromkeys(service["environment"], "x")
    assert subprocess.run(command, env=full, check=False).returncode == 0, "all secrets are not enough"
    for name in full:
        told = subprocess.run(command, env=full | {name: ""}, stderr=subprocess.PIPE, text=True, check=False)
        assert (told.returncode, told.stderr) == (1, f"set in .env: {name}\n"), (name, told)


def check_balancer(environment):
    """nginx takes the template as it is filled in here, but for names of other machines, which it would look up."""
    text = Path("deploy/nginx/images.conf.template").read_text()
    for name, value in environment.items():
        assert f"${{{name}}}" in text, f"the template has no {name}"
        text = text.replace(f"${{{name}}}", re.sub(r"server \w+:(\d+) resolve", r"server 127.0.0.1:\1", value))
    assert not re.search(r"^[^#]*\$\{", text, re.MULTILINE), "something of the template is not filled in"
    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder, "nginx.conf")
        frame.write_text(f"pid {folder}/pid; events {{}} http {{ access_log off; {text} }}")
        command = ["nginx", "-t", "-q", "-e", f"{folder}/log", "-c", str(frame)]
        told = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert told.returncode == 0, told.stderr


def check_topics(services):
    """The topics that the services are set to are made before they start, with a partition for each of those that share the jobs."""
    store = tomllib.loads(Path("crates/imagestore/config/imagestore.toml").read_text())["events"]["kafka"]
    compress = tomllib.loads(Path("crates/imagecompress/config/imagecompress.toml").read_text())["jobs"]["kafka"]
    script = services["topics"]["entrypoint"][-1].replace("$$", "$")
    made = set(re.search(r"for topic in (.*); do", script)[1].split())
    assert made == {store["topic"], store["jobs_topic"], compress["topic"], compress["dead_topic"]}, made
    assert int(re.search(r"--partitions (\d+)", script)[1]) >= services["compressors"]["deploy"]["replicas"], script
    assert services["stores"]["depends_on"]["topics"] == {"condition": "service_completed_successfully"}
    assert services["kafka"]["image"] == services["topics"]["image"], "the two speak different versions"
    advertised = services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].removeprefix("PLAINTEXT://")
    told = [services[name]["environment"] for name in ("stores", "compressors")]
    assert told[0]["IMAGESTORE__EVENTS__KAFKA__BROKERS"] == told[1]["IMAGECOMPRESS__JOBS__KAFKA__BROKERS"] == advertised, told
    assert f"--bootstrap-server {advertised} " in script, script


main()
